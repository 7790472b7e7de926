"""The weights that can be fetched, each in one exact version.

Sizes and SHA-256 come from tables that other projects published, MobileSAM's from
its authors' repository at that commit. The addresses are untried: no file from one
was compared with them. Standard library only: the add-on offers them too.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

SAM = "https://dl.fbaipublicfiles.com/segment_anything/"
MOBILE_SAM = (
    "https://raw.githubusercontent.com/ChaoningZhang/MobileSAM/"
    "f706ad9c4eb7f219c00d9050e46328518ffb65d2/weights/"
)


@dataclass(frozen=True)
class Weights:
    """One file of weights."""

    title: str
    about: str
    url: str
    size: int  # bytes
    sha256: str

    @property
    def file(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname

    @property
    def megabytes(self) -> str:
        return f"{self.size / 1e6:,.0f} MB"


CATALOG = {
    "mobile_sam": Weights(
        "MobileSAM",
        "quick, also without a graphics card",
        MOBILE_SAM + "mobile_sam.pt",
        40_728_226,
        "6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
    ),
    "sam_vit_b": Weights(
        "SAM ViT-B",
        "the smallest of the three of Segment Anything",
        SAM + "sam_vit_b_01ec64.pth",
        375_042_383,
        "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
    ),
    "sam_vit_l": Weights(
        "SAM ViT-L",
        "between the two others",
        SAM + "sam_vit_l_0b3195.pth",
        1_249_524_607,
        "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
    ),
    "sam_vit_h": Weights(
        "SAM ViT-H",
        "the paper's: the best masks, wants a graphics card",
        SAM + "sam_vit_h_4b8939.pth",
        2_564_550_879,
        "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
    ),
}
