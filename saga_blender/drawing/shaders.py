"""The programs for the graphics card, made when first drawn with."""

from functools import cache

import gpu

from .gaussians import MIN_ALPHA, TEXELS

ROW = 1024  # Gaussians in a row of their texture

# Blender's viewport takes linear light; Gaussians are trained on displayed colours.
_TO_LINEAR = """
vec3 to_linear(vec3 c) {
  return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(vec3(0.04045), c));
}
"""


@cache
def splat_shader() -> gpu.types.GPUShader:
    """Gaussians as ellipses on the screen (EWA splatting, Zwicker et al. 2001).

    Instance i is the Gaussian that texel `first + i` of `order` says. The shape
    on the screen follows from the derivative of the projection at the mean, in
    perspective and orthographic views alike.
    """
    info = gpu.types.GPUShaderCreateInfo()
    info.push_constant("MAT4", "view_projection")
    info.push_constant("VEC2", "size")
    info.push_constant("INT", "first")
    info.sampler(0, "FLOAT_2D", "gaussians")
    info.sampler(1, "FLOAT_2D", "order")
    info.sampler(2, "FLOAT_2D", "scene_depth")
    info.vertex_in(0, "VEC2", "corner")
    between = gpu.types.GPUStageInterfaceInfo("saga_splat")
    between.smooth("VEC2", "place")
    between.flat("VEC4", "tone")
    info.vertex_out(between)
    info.fragment_out(0, "VEC4", "fragment")
    info.vertex_source(f"""
vec4 texel(int gaussian, int k) {{
  return texelFetch(gaussians, ivec2({TEXELS} * (gaussian % {ROW}) + k, gaussian / {ROW}), 0);
}}
void main() {{
  int instance = first + gl_InstanceID;
  int gaussian = int(texelFetch(order, ivec2(instance % {ROW}, instance / {ROW}), 0).x);
  vec4 mean = texel(gaussian, 0), a = texel(gaussian, 1), b = texel(gaussian, 2);
  vec4 clip = view_projection * vec4(mean.xyz, 1.0);
  vec2 ndc = clip.xy / clip.w;
  vec3 row_x = vec3(view_projection[0].x, view_projection[1].x, view_projection[2].x);
  vec3 row_y = vec3(view_projection[0].y, view_projection[1].y, view_projection[2].y);
  vec3 row_w = vec3(view_projection[0].w, view_projection[1].w, view_projection[2].w);
  vec3 across = 0.5 * size.x * (row_x - ndc.x * row_w) / clip.w;
  vec3 up = 0.5 * size.y * (row_y - ndc.y * row_w) / clip.w;
  mat3 covariance = mat3(a.x, a.y, a.z, a.y, a.w, b.x, a.z, b.x, b.y);
  float xx = dot(across, covariance * across) + 0.3;  /* antialiased as in training */
  float xy = dot(across, covariance * up);
  float yy = dot(up, covariance * up) + 0.3;
  float middle = 0.5 * (xx + yy), spread = length(vec2(0.5 * (xx - yy), xy));
  float angle = 0.5 * atan(2.0 * xy, xx - yy);
  vec2 major = vec2(cos(angle), sin(angle));
  vec2 minor = vec2(-major.y, major.x);
  float reach = sqrt(2.0 * log(mean.w / {MIN_ALPHA}));
  place = reach * corner;
  tone = vec4(texel(gaussian, 3).rgb, mean.w);
  vec2 pixels = sqrt(middle + spread) * place.x * major
              + sqrt(max(middle - spread, 0.1)) * place.y * minor;
  gl_Position = clip + vec4(2.0 * pixels / size * clip.w, 0.0, 0.0);
}}""")
    info.fragment_source(f"""
void main() {{
  if (gl_FragCoord.z > texelFetch(scene_depth, ivec2(gl_FragCoord.xy), 0).x) discard;
  float alpha = min(tone.a * exp(-0.5 * dot(place, place)), 0.999);
  if (alpha < {MIN_ALPHA}) discard;
  fragment = vec4(tone.rgb * alpha, alpha);
}}""")
    return gpu.shader.create_from_info(info)


@cache
def picture_shader(of_light: bool) -> gpu.types.GPUShader:
    """A premultiplied picture over the whole region; one of displayed colours becomes light."""
    info = gpu.types.GPUShaderCreateInfo()
    info.sampler(0, "FLOAT_2D", "picture")
    info.vertex_in(0, "VEC2", "corner")
    info.fragment_out(0, "VEC4", "fragment")
    info.vertex_source("void main() { gl_Position = vec4(corner, 0.0, 1.0); }")
    light = "color.rgb" if of_light else "to_linear(color.rgb / max(color.a, 1e-5)) * color.a"
    info.fragment_source(f"""{_TO_LINEAR}
void main() {{
  vec4 color = texelFetch(picture, ivec2(gl_FragCoord.xy), 0);
  fragment = vec4({light}, color.a);
}}""")
    return gpu.shader.create_from_info(info)


@cache
def point_shader() -> gpu.types.GPUShader:
    """Gaussians as squares of one colour, as large as they are on the screen."""
    info = gpu.types.GPUShaderCreateInfo()
    info.push_constant("MAT4", "projection")
    info.push_constant("VEC2", "pixels")  # a unit's height in pixels at w = 1; the largest size
    info.push_constant("FLOAT", "opacity")
    info.vertex_in(0, "VEC3", "position")
    info.vertex_in(1, "VEC4", "tone")  # RGB and radius
    between = gpu.types.GPUStageInterfaceInfo("saga_point")
    between.flat("VEC3", "color")
    info.vertex_out(between)
    info.fragment_out(0, "VEC4", "fragment")
    info.vertex_source(f"""{_TO_LINEAR}
void main() {{
  gl_Position = projection * vec4(position, 1.0);
  gl_PointSize = clamp(2.0 * tone.a * pixels.x / gl_Position.w, 1.0, pixels.y);
  color = to_linear(tone.rgb);
}}""")
    info.fragment_source("void main() { fragment = vec4(color * opacity, opacity); }")
    return gpu.shader.create_from_info(info)
