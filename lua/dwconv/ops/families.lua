-- ops/families.lua: THE list of families of ops. Each has a room of its name in ops/, which holds its records; `rooms`
-- names the rooms where there are more, or none here. backend.lua loads them in this order; help and the reference
-- follow it. A record goes into a family that is listed.

local families = {
  { name = "elementwise", about = "numbers one by one; shapes broadcast as NumPy's, numbers take the tensors' dtype",
    rooms = { "elementwise", "functions", "activations", "compare" } },
  { name = "reduce", about = "sums, extremes, positions of extremes, along any axes; running sums",
    rooms = { "reduce", "running" } },
  { name = "gemm", about = "matrix products, and sums of products over named axes", rooms = { "gemm", "einsum" } },
  { name = "softmax", about = "shares of a sum of powers along an axis, and their logarithms" },
  { name = "norm", about = "numbers shifted and scaled to mean 0, variance 1 or length 1",
    rooms = { "norm", "norm_groups" } },
  { name = "losses", about = "crossentropies and other losses, sample by sample" },
  { name = "ctc", about = "connectionist temporal classification: losses of sequences, and decoding" },
  { name = "gather", about = "elements picked by index" },
  { name = "sort", about = "sorting; positions count from 1" },
  { name = "layout", about = "shapes, the order of axes, dtypes; views that copy nothing where they can be" },
  { name = "view", about = "parts of a tensor, as views of the same numbers" },
  { name = "join", about = "tensors put together and repeated" },
  { name = "pad", about = "elements around a tensor: one value, or the tensor mirrored" },
  { name = "matrix", about = "diagonals, triangles, traces and norms" },
  { name = "create", about = "tensors out of sizes, tables, bytes and numbers" },
  { name = "random", about = "random numbers, the same for any number of threads" },
  { name = "control", about = "choices, and functions called along an axis, or step by step",
    rooms = { "control", "rnn" } },
  { name = "settings", about = "settings, learning phase, unique names" },
  { name = "state", about = "reading tensors out and writing into them" },
  { name = "update", about = "steps of optimizers, in place, and sums of squares" },
  { name = "depthwise", about = "depthwise convolution and its gradients" },
  { name = "conv", about = "dense, grouped, transposed, separable and unshared convolution",
    rooms = { "conv", "separable", "unshared" } },
  { name = "pool", about = "the largest or the average of windows, in one to three dimensions, and its gradients" },
  { name = "resize", about = "images of another size, and the gradients of that" },
  { name = "gradients", about = "recording calls, walking back over them, and checking what comes out", rooms = {} },
  { name = "show", about = "tensors as pictures in the terminal", rooms = {} },
  { name = "io", about = "files: NumPy's arrays, safetensors and pictures", rooms = {} },
}

for _, family in ipairs(families) do family.rooms = family.rooms or { family.name } end

return families
