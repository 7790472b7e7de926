import numpy as np
import pytest
import torch

from backend.affinity.field import AffinityField
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.segmentation.click import select
from backend.segmentation.similarity import similarity


@pytest.fixture
def field() -> AffinityField:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(50, 32, generator=generator)
    features[7] = 0  # a Gaussian that was never seen and has no neighbour that was
    return AffinityField(features, ScaleGate(32, generator), ScaleMap.fit(np.array([1.0, 3.0])))


@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0])
def test_equals_the_cosine_of_gated_vectors(field, scale):
    query = 5 * field.features[3] + field.features[4]
    gate = torch.sigmoid(scale * field.gate.weight + field.gate.bias).detach()
    literal = [
        float((gate * f) @ (gate * query) / ((gate * f).norm() * (gate * query).norm()))
        for f in field.features
    ]
    literal[7] = 0.0
    assert similarity(field, query, scale) == pytest.approx(literal, abs=1e-5)


def test_the_clicked_gaussian_is_always_selected_and_the_featureless_never(field):
    mask = select(field, [field.features[3]], 0.5, 0.75)
    assert mask[3] and not mask[7]


def test_a_query_without_a_feature_selects_nothing(field):
    assert not select(field, [torch.zeros(32)], 0.5, 0.0).any()
