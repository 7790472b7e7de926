"""TinyViT (Wu et al. 2022) as MobileSAM's image encoder (Zhang et al. 2023).

Names of parameters are those of MobileSAM's checkpoints; images enter at
1024 x 1024 and leave as SAM's embedding of 256 channels on a 64 x 64 grid.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

IMAGE_SIZE = 1024  # pixels, both sides
EMBEDDING_CHANNELS = 256
EMBEDDING_SIDE = 64


class ConvNorm(nn.Module):
    """A convolution without bias, then batch normalisation."""

    def __init__(
        self, channels: int, out_channels: int, size: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.c = nn.Conv2d(
            channels, out_channels, size, stride, size // 2, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.c(x))


class PatchEmbed(nn.Module):
    """Two strided convolutions: a quarter of the resolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.seq = nn.Sequential(
            ConvNorm(3, channels // 2, 3, 2), nn.GELU(), ConvNorm(channels // 2, channels, 3, 2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.seq(x)


class Bottleneck(nn.Module):
    """1x1 convolution, 3x3 depthwise convolution, 1x1 convolution."""

    def __init__(self, channels: int, hidden: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = ConvNorm(channels, hidden)
        self.conv2 = ConvNorm(hidden, hidden, 3, stride, groups=hidden)
        self.conv3 = ConvNorm(hidden, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x)))))


class InvertedResidual(Bottleneck):
    """MobileNet's block: a wide bottleneck around a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, 4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x + super().forward(x))


class WindowAttention(nn.Module):
    """Self-attention among the tokens of one window, biased by their distance along each axis."""

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        self.attention_biases = nn.Parameter(torch.zeros(heads, window * window))
        rows, columns = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
        rows, columns = rows.flatten(), columns.flatten()
        distance = (rows[:, None] - rows).abs() * window + (columns[:, None] - columns).abs()
        self.register_buffer("distance", distance, persistent=False)

    def forward(self, x: Tensor) -> Tensor:  # [windows, tokens, C]
        # Channels of qkv: for each head its query, key and value.
        q, k, v = self.qkv(self.norm(x)).unflatten(2, (self.heads, 3, -1)).permute(3, 0, 2, 1, 4)
        bias = self.attention_biases[:, self.distance]
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.proj(attended.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """Two linear layers on the normalised channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.fc1 = nn.Linear(channels, 4 * channels)
        self.fc2 = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(self.norm(x))))


class TinyVitBlock(nn.Module):
    """Window attention, a depthwise convolution across windows, and an MLP; [B, C, H, W]."""

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn = WindowAttention(channels, heads, window)
        self.local_conv = ConvNorm(channels, channels, 3, groups=channels)
        self.mlp = Mlp(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.local_conv(x + self._attend(x))
        return x + self.mlp(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def _attend(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        size = self.window
        down, across = -(-height // size), -(-width // size)
        # The zeros take part in the attention: the network was trained that way.
        x = F.pad(x, (0, across * size - width, 0, down * size - height))
        windows = x.view(batch, channels, down, size, across, size).permute(0, 2, 4, 3, 5, 1)
        windows = self.attn(windows.reshape(-1, size * size, channels))
        windows = windows.view(batch, down, across, size, size, channels).permute(0, 5, 1, 3, 2, 4)
        x = windows.reshape(batch, channels, down * size, across * size)
        return x[..., :height, :width]


class Stage(nn.Module):
    """Blocks at one resolution, then the step to the next stage's channels."""

    def __init__(self, blocks: list[nn.Module], downsample: nn.Module | None) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(x)
        return x if self.downsample is None else self.downsample(x)


class TinyViT(nn.Module):
    """MobileSAM's encoder: normalised images [B, 3, 1024, 1024] to embeddings [B, 256, 64, 64]."""

    img_size = IMAGE_SIZE  # segment-anything's name for it

    def __init__(self) -> None:
        super().__init__()
        # Imported here: segment_anything needs torchvision_compat first.
        from segment_anything.modeling.common import LayerNorm2d

        self.patch_embed = PatchEmbed(64)
        self.layers = nn.Sequential(
            Stage([InvertedResidual(64) for _ in range(2)], Bottleneck(64, 128, 128, 2)),
            Stage([TinyVitBlock(128, 4, 7) for _ in range(2)], Bottleneck(128, 160, 160, 2)),
            Stage([TinyVitBlock(160, 5, 14) for _ in range(6)], Bottleneck(160, 320, 320, 1)),
            Stage([TinyVitBlock(320, 10, 7) for _ in range(2)], None),
        )
        self.neck = nn.Sequential(
            nn.Conv2d(320, EMBEDDING_CHANNELS, 1, bias=False),
            LayerNorm2d(EMBEDDING_CHANNELS),
            nn.Conv2d(EMBEDDING_CHANNELS, EMBEDDING_CHANNELS, 3, padding=1, bias=False),
            LayerNorm2d(EMBEDDING_CHANNELS),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.neck(self.layers(self.patch_embed(x)))
