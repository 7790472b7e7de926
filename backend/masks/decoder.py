"""SAM's mask decoder for many point prompts on one image.

The same weights and the same result as segment-anything's own forward pass, for
a fraction of the work. A prompt is a handful of tokens, the image 4,096 of them,
and most of the work is projecting the image's tokens in every attention. That
projection is linear, so it can be applied to the few tokens on the other side:
(W_k x) . q = x . (W_k^T q), and attention-weighted sums commute with W_v and
W_out. Also, masks are upscaled only for the prompts whose predicted quality
is good enough.
"""

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

POINT_LABEL = 1  # "this point is inside the object"


class PromptedImage:
    """One image's embedding, asked for the masks of points."""

    def __init__(self, model: "Sam", embedding: Tensor) -> None:
        """embedding: [1, C, h, w], what the image encoder made of the image."""
        self.model = model
        self.grid = embedding.shape[-2:]
        no_mask = model.prompt_encoder.no_mask_embed.weight  # [1, C]
        # Tokens of the image [1, h * w, C]; the same for every prompt.
        self.image = embedding.flatten(2).transpose(1, 2) + no_mask
        self.position = model.prompt_encoder.get_dense_pe().flatten(2).transpose(1, 2)

    @property
    def logits_size(self) -> tuple[int, int]:
        """Height and width of the masks' logits."""
        height, width = self.grid
        return 4 * height, 4 * width

    def features(self, points: Tensor) -> Tensor:
        """How the image looks at points [P, 2] (x, y) in pixels of the encoder's input: [P, C]."""
        width = self.grid[1]
        columns, rows = (points * width / self.model.prompt_encoder.input_image_size[1]).long().T
        return self.image[0, rows * width + columns]

    def decode(self, points: Tensor, least_iou: float) -> tuple[Tensor, Tensor]:
        """The masks of points that promise at least some quality.

        Args:
            points: [B, 2] float (x, y), in pixels of the encoder's input.
            least_iou: only masks with a predicted IoU above it are made.

        Returns:
            Logits [K, 4 h, 4 w], above 0 inside, and predicted IoUs [K], point by point.
        """
        decoder = self.model.mask_decoder
        labels = torch.full((len(points), 1), POINT_LABEL, device=points.device)
        prompts, _ = self.model.prompt_encoder((points[:, None], labels), None, None)
        outputs = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
        tokens = torch.cat([outputs.expand(len(points), -1, -1), prompts], dim=1)
        tokens, image = self._transform(tokens)
        # The first mask token is for prompts without ambiguity and is not used.
        predicted_iou = decoder.iou_prediction_head(tokens[:, 0])[:, 1:]
        prompt, choice = torch.nonzero(predicted_iou > least_iou, as_tuple=True)
        mask_tokens = tokens[:, 2 : len(outputs)]
        weights = torch.stack(
            [mlp(mask_tokens[:, i]) for i, mlp in enumerate(decoder.output_hypernetworks_mlps[1:])],
            dim=1,
        )
        asked, image_of = torch.unique(prompt, return_inverse=True)
        logits = self._upscaled_logits(image[asked], weights[asked])
        return logits[image_of, choice], predicted_iou[prompt, choice]

    def _transform(self, prompt_tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The two-way transformer: tokens [B, T, C] and image tokens [B, h * w, C] after it."""
        transformer = self.model.mask_decoder.transformer
        tokens, image = prompt_tokens, self.image
        for layer in transformer.layers:
            if layer.skip_first_layer_pe:
                tokens = layer.self_attn(tokens, tokens, tokens)
            else:
                placed = tokens + prompt_tokens
                tokens = tokens + layer.self_attn(placed, placed, tokens)
            tokens = layer.norm1(tokens)
            placed_image = image + self.position
            tokens = layer.norm2(
                tokens
                + tokens_from_image(
                    layer.cross_attn_token_to_image, tokens + prompt_tokens, placed_image, image
                )
            )
            tokens = layer.norm3(tokens + layer.mlp(tokens))
            image = layer.norm4(
                image
                + image_from_tokens(
                    layer.cross_attn_image_to_token, placed_image, tokens + prompt_tokens, tokens
                )
            )
        tokens = tokens + tokens_from_image(
            transformer.final_attn_token_to_image,
            tokens + prompt_tokens,
            image + self.position,
            image,
        )
        return transformer.norm_final_attn(tokens), image

    def _upscaled_logits(self, image: Tensor, weights: Tensor) -> Tensor:
        """Logits [B, M, 4 h, 4 w] of image tokens [B, h * w, C] and mask weights [B, M, C / 8].

        A transposed convolution whose stride is its size is a linear layer that
        gives every pixel four, so channels stay last until the masks are made.
        """
        first, norm, activation, second, _ = self.model.mask_decoder.output_upscaling
        x = _fourfold(first, image)  # [B, h * w, 4, C / 4]
        x = activation(F.layer_norm(x, x.shape[-1:], norm.weight, norm.bias, norm.eps))
        x = activation(_fourfold(second, x))  # [B, h * w, 4, 4, C / 8]
        logits = torch.einsum("bpijc,bmc->bmpij", x, weights)
        height, width = self.grid
        logits = logits.reshape(*logits.shape[:2], height, width, 2, 2, 2, 2)
        return logits.permute(0, 1, 2, 4, 6, 3, 5, 7).reshape(*logits.shape[:2], *self.logits_size)


def tokens_from_image(
    attention: nn.Module, queries: Tensor, keys: Tensor, values: Tensor
) -> Tensor:
    """`attention(queries, keys, values)` for few queries [B, T, C] and many keys [B or 1, N, C]."""
    heads = attention.num_heads
    q = _per_head(attention.q_proj(queries), heads)  # [B, heads, T, c]
    q = q @ attention.k_proj.weight.unflatten(0, (heads, -1)) / _temperature(attention)
    # The keys' bias adds the same to all logits of a query, which softmax ignores.
    shares = torch.softmax(q.flatten(1, 2) @ keys.transpose(1, 2), dim=-1)  # [B, heads T, N]
    pooled = (shares @ values).unflatten(1, (heads, -1))  # [B, heads, T, C]
    v = pooled @ attention.v_proj.weight.unflatten(0, (heads, -1)).transpose(1, 2)
    v = v + attention.v_proj.bias.unflatten(0, (heads, 1, -1))
    return attention.out_proj(v.transpose(1, 2).flatten(2))


def image_from_tokens(
    attention: nn.Module, queries: Tensor, keys: Tensor, values: Tensor
) -> Tensor:
    """`attention(queries, keys, values)` for many queries [B or 1, N, C] and few keys [B, T, C]."""
    heads = attention.num_heads
    k = _per_head(attention.k_proj(keys), heads) / _temperature(attention)  # [B, heads, T, c]
    k_bias = (k * attention.q_proj.bias.unflatten(0, (heads, 1, -1))).sum(dim=-1)
    k = k @ attention.q_proj.weight.unflatten(0, (heads, -1))  # [B, heads, T, C]
    logits = queries @ k.flatten(1, 2).transpose(1, 2) + k_bias.flatten(1)[:, None]
    shares = torch.softmax(logits.unflatten(2, (heads, -1)), dim=-1).flatten(2)  # [B, N, heads T]
    v = _per_head(attention.v_proj(values), heads)
    v = v @ attention.out_proj.weight.unflatten(1, (heads, -1)).permute(1, 2, 0)
    v = v + attention.out_proj.bias / heads  # the shares of each head sum to 1
    return shares @ v.flatten(1, 2)


def _temperature(attention: nn.Module) -> float:
    return math.sqrt(attention.internal_dim // attention.num_heads)


def _per_head(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(2, (heads, -1)).transpose(1, 2)


def _fourfold(convolution: nn.ConvTranspose2d, x: Tensor) -> Tensor:
    """A transposed 2x2 convolution of stride 2 on channels-last x: [..., C] to [..., 4, C']."""
    weight = convolution.weight.flatten(2).permute(2, 1, 0).flatten(0, 1)  # [4 C', C]
    return F.linear(x, weight, convolution.bias.repeat(4)).unflatten(-1, (4, -1))
