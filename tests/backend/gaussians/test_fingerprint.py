from dataclasses import replace

import numpy as np
import pytest

from backend.gaussians.fingerprint import fingerprint


@pytest.mark.parametrize("name", ["means", "quats", "log_scales", "opacity_logits"])
def test_any_change_of_geometry_shows(make_cloud, name):
    cloud = make_cloud()
    changed = getattr(cloud, name).copy()
    changed.flat[-1] = np.nextafter(changed.flat[-1], np.float32(9))
    assert fingerprint(replace(cloud, **{name: changed})) != fingerprint(cloud)


def test_layout_and_color_do_not_show(make_cloud):
    cloud = make_cloud()
    strided = replace(cloud, means=np.asfortranarray(cloud.means), sh=cloud.sh + 1)
    assert fingerprint(strided) == fingerprint(cloud)
    assert fingerprint(cloud.subset(slice(0, 4))) != fingerprint(cloud)
    assert len(bytes.fromhex(fingerprint(cloud))) == 16
