---@meta dwconv
-- Made from the records by `make docs`.

---@class dwconv.Tensor
---@field shape integer[]
---@field dtype string
---@field ndim integer
---@field size integer
---@operator len: integer
---@operator call(integer): dwconv.Tensor|number
---@operator add(dwconv.Tensor|number): dwconv.Tensor
---@operator div(dwconv.Tensor|number): dwconv.Tensor
---@operator idiv(dwconv.Tensor|number): dwconv.Tensor
---@operator mod(dwconv.Tensor|number): dwconv.Tensor
---@operator mul(dwconv.Tensor|number): dwconv.Tensor
---@operator pow(dwconv.Tensor|number): dwconv.Tensor
---@operator sub(dwconv.Tensor|number): dwconv.Tensor
---@operator unm: dwconv.Tensor
local Tensor = {}

--- The number in a tensor of one element.
---@return number|boolean
function Tensor:item() end

--- The numbers as a nested table.
---@return table|number|boolean
function Tensor:to_table() end

--- The numbers as a string, in this machine's byte order and row-major order.
---@return string
function Tensor:to_bytes() end

--- Writes the numbers of a tensor of the same shape.
---@param source dwconv.Tensor
---@return dwconv.Tensor
function Tensor:copy_(source) end

--- Writes one number everywhere.
---@param value number|boolean
---@return dwconv.Tensor
function Tensor:fill(value) end

--- A view with the order of axes reversed, or with two axes swapped.
---@param a? integer
---@param b? integer
---@return dwconv.Tensor
function Tensor:transpose(a, b) end

--- A view with one more axis, of size 1.
---@param axis integer
---@return dwconv.Tensor
function Tensor:expand_dims(axis) end

--- What dw.record gives besides the results.
---@class dwconv.Tape
local Tape = {}

--- The gradients of loss, of each of the variables.
---@param loss dwconv.Tensor
---@param variables dwconv.Tensor|table
---@param o? { output_gradients?: dwconv.Tensor }
---@return dwconv.Tensor|table
function Tape:gradients(loss, variables, o) end

--- An op as a value, from dw.ops.
---@class dwconv.Op
---@operator shr(dwconv.Op|function): dwconv.Op
---@operator add(dwconv.Op|function|dwconv.Tensor|number): dwconv.Op
---@operator mul(dwconv.Op|function|dwconv.Tensor|number): dwconv.Op
---@operator concat(dwconv.Op|function): dwconv.Op
---@operator call(...): any
local Op = {}

--- The tensors in it.
---@return dwconv.Tensor[]
function Op:parameters() end

---@class dwconv.ops
---@field [string] fun(given?: table): dwconv.Op
---@field parallel fun(list: (dwconv.Op|function)[]): dwconv.Op
---@field residual fun(f: dwconv.Op|function): dwconv.Op

---@class dwconv.info
---@field version string
---@field isa string
---@field threads integer
---@field memory integer
---@field images string
---@field compiler string
---@field lua string

---@class dwconv.backend
local K = {}

---@class dwconv
---@field _VERSION string
---@field backend dwconv.backend
---@field ops dwconv.ops
local dw = { io = { image = {}, npy = {} } }

--- How many threads drivers may use.
---@return integer
function dw.threads() end

--- Sets it, for this Lua state. Results do not depend on it.
---@param n integer
function dw.set_threads(n) end

--- Seconds of wall time since some start, for timing.
---@return number
function dw.clock() end

--- How long f() takes, in seconds; it prints as a line.
---@param f function
---@param o? { seconds: number?, times: integer? }
---@return { least: number, median: number, n: integer }
function dw.time(f, o) end

--- What this build and machine are.
---@return dwconv.info
function dw.info() end

--- A chart, which prints as text for the terminal.
---@class dwconv.plot
local Plot = {}

--- Draws it on the terminal.
function Plot:show() end

--- Writes it as .svg or .png.
---@param path string
---@param o? { width: integer?, height: integer?, scale: number? }
function Plot:save(path, o) end

---@param o? { width: integer?, height: integer? }
---@return string
function Plot:svg(o) end

---@param o? { width: integer?, height: integer?, scale: number? }
---@return dwconv.Tensor # uint8, h,w,3
function Plot:pixels(o) end

---@param o? { columns: integer?, rows: integer?, colours: boolean?, unicode: boolean? }
---@return string
function Plot:text(o) end

--- Charts; called itself, it picks one for what it is given.
---@class dwconv.plots
---@overload fun(x: any, o?: table): dwconv.plot
---@field lines fun(ys: any, o?: table): dwconv.plot
---@field history fun(h: table, o?: table): dwconv.plot
---@field bars fun(values: any, o?: table): dwconv.plot
---@field histogram fun(x: any, o?: table): dwconv.plot
---@field images fun(x: any, o?: table): dwconv.plot
---@field confusion fun(y_true: any, y_pred: any, o?: table): dwconv.plot
---@field grid fun(plots: dwconv.plot[]): dwconv.plot
dw.plot = {}

--- Prints the reference text of an op or a family, or the families.
---@param name? string
function dw.help(name) end

--- The absolute value of x. Its gradient at 0 is 0.
---@param x dwconv.Tensor any numbers
---@return dwconv.Tensor # x's
function K.abs(x) end

--- The absolute value of x. Its gradient at 0 is 0.
---@return dwconv.Tensor # x's
function Tensor:abs() end

--- The angle in radians, from 0 to pi, whose cosine is x; NaN where |x| > 1.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.acos(x) end

--- The angle in radians, from 0 to pi, whose cosine is x; NaN where |x| > 1.
---@return dwconv.Tensor # x's
function Tensor:acos() end

--- One step of Adadelta: r follows g*g by the share 1 - rho; d is g * sqrt(u + epsilon) / sqrt(r + epsilon), u follows d*d, and w - learning_rate*d. Before that g is multiplied by scale and brought to -clip..clip, and the share decay of w taken off.
---@param w dwconv.Tensor the weights; float32 or float64
---@param g dwconv.Tensor their gradient; w's
---@param r dwconv.Tensor w's
---@param u dwconv.Tensor w's
---@param o? { clip?: number, decay?: number, epsilon?: number, learning_rate?: number, rho?: number, scale?: number }
---@return dwconv.Tensor # w itself
function K.adadelta_update(w, g, r, u, o) end

--- One step of Adagrad: g*g is added to sum, then w - learning_rate*g / (sqrt(sum) + epsilon). Before that g is multiplied by scale and brought to -clip..clip, and the share decay of w taken off.
---@param w dwconv.Tensor the weights; float32 or float64
---@param g dwconv.Tensor their gradient; w's
---@param sum dwconv.Tensor w's
---@param o? { clip?: number, decay?: number, epsilon?: number, learning_rate?: number, scale?: number }
---@return dwconv.Tensor # w itself
function K.adagrad_update(w, g, sum, o) end

--- One step of Adam: m follows g by the share 1 - beta_1, v follows g*g by 1 - beta_2, and w - learning_rate*m / (sqrt(v) + epsilon). most_v, if it is given, is the largest v so far, and stands in v's place (AMSGrad). In step t of Keras's Adam the learning_rate is multiplied by sqrt(1 - beta_2^t) / (1 - beta_1^t). Before that g is multiplied by scale and brought to -clip..clip, and the share decay of w taken off.
---@param w dwconv.Tensor the weights; float32 or float64
---@param g dwconv.Tensor their gradient; w's
---@param m dwconv.Tensor w's
---@param v dwconv.Tensor w's
---@param most_v? dwconv.Tensor w's, or nil
---@param o? { beta_1?: number, beta_2?: number, clip?: number, decay?: number, epsilon?: number, learning_rate?: number, scale?: number }
---@return dwconv.Tensor # w itself
function K.adam_update(w, g, m, v, most_v, o) end

--- One step of Adamax: m follows g by the share 1 - beta_1, u becomes max(beta_2*u, |g|), and w - learning_rate*m / (u + epsilon). In step t of Keras's Adamax the learning_rate is divided by 1 - beta_1^t. Before that g is multiplied by scale and brought to -clip..clip, and the share decay of w taken off.
---@param w dwconv.Tensor the weights; float32 or float64
---@param g dwconv.Tensor their gradient; w's
---@param m dwconv.Tensor w's
---@param u dwconv.Tensor w's
---@param o? { beta_1?: number, beta_2?: number, clip?: number, decay?: number, epsilon?: number, learning_rate?: number, scale?: number }
---@return dwconv.Tensor # w itself
function K.adamax_update(w, g, m, u, o) end

--- a + b.
---@param a dwconv.Tensor|number a tensor, or a number beside one
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.add(a, b) end

--- a + b.
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function Tensor:add(b) end

--- Whether no number over the axes is 0. Of nothing it is true.
---@param x dwconv.Tensor any
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.all(x, o) end

--- Whether no number over the axes is 0. Of nothing it is true.
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:all(o) end

--- Whether any number over the axes is not 0. Of nothing it is false.
---@param x dwconv.Tensor any
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.any(x, o) end

--- Whether any number over the axes is not 0. Of nothing it is false.
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:any(o) end

--- Numbers from start up to, but without, stop: arange(stop), arange(start, stop) or arange(start, stop, step), then options, among which stop and step may be given too; start is 0 and step 1 if not given. Whole numbers are int32, others K.floatx().
---@param start number a number
---@param stop? number a number, or nil
---@param step? number a number, or nil
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool", step?: number, stop?: number }
---@return dwconv.Tensor # as many as there are
function K.arange(start, stop, step, o) end

--- Numbers from start up to, but without, stop: arange(stop), arange(start, stop) or arange(start, stop, step), then options, among which stop and step may be given too; start is 0 and step 1 if not given. Whole numbers are int32, others K.floatx().
---@param start number a number
---@param stop? number a number, or nil
---@param step? number a number, or nil
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool", step?: number, stop?: number }
---@return dwconv.Tensor # as many as there are
function dw.arange(start, stop, step, o) end

--- Where the largest number along an axis is, the first of equal ones; NaN is passed over.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's without the axis; int64, counting from 1
function K.argmax(x, o) end

--- Where the largest number along an axis is, the first of equal ones; NaN is passed over.
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's without the axis; int64, counting from 1
function Tensor:argmax(o) end

--- Where the least number along an axis is, the first of equal ones; NaN is passed over.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's without the axis; int64, counting from 1
function K.argmin(x, o) end

--- Where the least number along an axis is, the first of equal ones; NaN is passed over.
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's without the axis; int64, counting from 1
function Tensor:argmin(o) end

--- The positions of x's elements along an axis in sorted order; equal ones stay in order, NaN comes last.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer, direction?: "ascending"|"descending" }
---@return dwconv.Tensor # x's; int64, counting from 1
function K.argsort(x, o) end

--- The positions of x's elements along an axis in sorted order; equal ones stay in order, NaN comes last.
---@param o? { axis?: integer, direction?: "ascending"|"descending" }
---@return dwconv.Tensor # x's; int64, counting from 1
function Tensor:argsort(o) end

--- The angle in radians, from -pi/2 to pi/2, whose sine is x; NaN where |x| > 1.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.asin(x) end

--- The angle in radians, from -pi/2 to pi/2, whose sine is x; NaN where |x| > 1.
---@return dwconv.Tensor # x's
function Tensor:asin() end

--- A copy of x converted to dtype: integers wrap when they narrow, floats become integers towards zero and stop at the type's limits (NaN becomes 0), and everything but 0 is true.
---@param dtype "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" "float32", "float64", "int32", "int64", "uint8" or "bool"
---@return dwconv.Tensor # x's
function Tensor:astype(dtype) end

--- The angle in radians, from -pi/2 to pi/2, whose tangent is x.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.atan(x) end

--- The angle in radians, from -pi/2 to pi/2, whose tangent is x.
---@return dwconv.Tensor # x's
function Tensor:atan() end

--- The average of each window of an image, channel by channel; see max_pool for the windows. The sum is divided by the number of taps that are inside the image or, with count_padding, of all. A window with none inside gives 0.
---@param x dwconv.Tensor n,w,c or n,h,w,c or n,d,h,w,c; with channels_first c is the second axis; float32 or float64
---@param pool_size integer|integer[] a size for all axes, or a table of sizes
---@param o? { count_padding?: boolean, data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # x's, with as many windows as there are along each axis
function K.average_pool(x, pool_size, o) end

--- The average of each window of an image, channel by channel; see max_pool for the windows. The sum is divided by the number of taps that are inside the image or, with count_padding, of all. A window with none inside gives 0.
---@param pool_size integer|integer[] a size for all axes, or a table of sizes
---@param o? { count_padding?: boolean, data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # x's, with as many windows as there are along each axis
function Tensor:average_pool(pool_size, o) end

--- The gradient of average_pool with respect to x, given g, the gradient with respect to its result.
---@param g dwconv.Tensor the result's
---@param x_shape integer[] a table of sizes: the shape of x
---@param pool_size integer|integer[] a size for all axes, or a table of sizes
---@param o? { count_padding?: boolean, data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # x_shape
function K.average_pool_grad_x(g, x_shape, pool_size, o) end

--- The name of the backend.
---@return string # "dwconv"
function K.backend() end

--- For each sample, contracts an axis of x with one of y; the result has the other axes of x, then those of y, and (b, 1) when none is left. Without axes, the last of x meets the last of a y of rank 2, the second-to-last of others.
---@param x dwconv.Tensor b,...; rank 2 or more
---@param y dwconv.Tensor b,...; rank 2 or more
---@param o? { axes?: integer|integer[] }
---@return dwconv.Tensor # b, x's others, y's others
function K.batch_dot(x, y, o) end

--- The numbers of each sample along one axis.
---@param x dwconv.Tensor n,...
---@return dwconv.Tensor # n, all the others
function K.batch_flatten(x) end

--- get_value of each of some tensors.
---@param tensors dwconv.Tensor[] a table of tensors
---@return dwconv.Tensor[] # a table of tensors
function K.batch_get_value(tensors) end

--- Helper of normalize_batch_in_training: the mean along the axes, which stay with size 1, as it was computed there.
---@param x dwconv.Tensor any; float32 or float64
---@param axes integer|integer[] an axis or a table of axes, from 1 or -1 back
---@return dwconv.Tensor # x's, 1 on the axes
function K.batch_mean(x, axes) end

--- (x - mean) * gamma / sqrt(var + epsilon) + beta, of a mean and a variance that are given. All four have a number for each channel along the axis, or a shape that stretches to x's; beta and gamma may be nil, and are then 0 and 1.
---@param x dwconv.Tensor any; float32 or float64
---@param mean dwconv.Tensor the channels; x's dtype
---@param var dwconv.Tensor the channels; x's dtype
---@param beta? dwconv.Tensor the channels; x's dtype, or nil
---@param gamma? dwconv.Tensor the channels; x's dtype, or nil
---@param o? { axis?: integer, epsilon?: number }
---@return dwconv.Tensor # x's
function K.batch_normalization(x, mean, var, beta, gamma, o) end

--- Writes a value into each of some tensors.
---@param tuples table a table of {tensor, value}
function K.batch_set_value(tuples) end

--- Helper of normalize_batch_in_training: the variance along the axes, which stay with size 1, as it was computed there.
---@param x dwconv.Tensor any; float32 or float64
---@param axes integer|integer[] an axis or a table of axes, from 1 or -1 back
---@return dwconv.Tensor # x's, 1 on the axes
function K.batch_var(x, axes) end

--- Adds a bias to x: one number for each channel, or one for each position and channel.
---@param x dwconv.Tensor n,...,c or n,c,...; float32 or float64
---@param bias dwconv.Tensor c, or ...,c for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first" }
---@return dwconv.Tensor # x's
function K.bias_add(x, bias, o) end

--- Adds a bias to x: one number for each channel, or one for each position and channel.
---@param bias dwconv.Tensor c, or ...,c for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first" }
---@return dwconv.Tensor # x's
function Tensor:bias_add(bias, o) end

--- -(target * log(output) + (1 - target) * log(1 - output)), number by number. Probabilities are clipped to epsilon..1 - epsilon, and epsilon is added within the logarithms too; through what is clipped no gradient flows.
---@param target dwconv.Tensor any; float32 or float64
---@param output dwconv.Tensor target's; float32 or float64
---@param o? { from_logits?: boolean }
---@return dwconv.Tensor # output's
function K.binary_crossentropy(target, output, o) end

--- The numbers of x, or its parts along the first axes, where mask is true, in row-major order: x[mask].
---@param x dwconv.Tensor any
---@param mask dwconv.Tensor bool; x's shape, or its first axes
---@return dwconv.Tensor # how many are true, x's other axes
function K.boolean_mask(x, mask) end

--- The numbers of x, or its parts along the first axes, where mask is true, in row-major order: x[mask].
---@param mask dwconv.Tensor bool; x's shape, or its first axes
---@return dwconv.Tensor # how many are true, x's other axes
function Tensor:boolean_mask(mask) end

--- x stretched to a shape, as NumPy's broadcasting does: a view, in which numbers repeat, so that it cannot be written to in place.
---@param x dwconv.Tensor any
---@param shape integer[] a table of sizes
---@return dwconv.Tensor # shape
function K.broadcast_to(x, shape) end

--- x stretched to a shape, as NumPy's broadcasting does: a view, in which numbers repeat, so that it cannot be written to in place.
---@param shape integer[] a table of sizes
---@return dwconv.Tensor # shape
function Tensor:broadcast_to(shape) end

--- A copy of x converted to dtype: integers wrap when they narrow, floats become integers towards zero and stop at the type's limits (NaN becomes 0), and everything but 0 is true.
---@param x dwconv.Tensor any
---@param dtype "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" "float32", "float64", "int32", "int64", "uint8" or "bool"
---@return dwconv.Tensor # x's
function K.cast(x, dtype) end

--- A copy of a tensor, or a new one of numbers, in K.floatx().
---@param x dwconv.Tensor|number|boolean|table a nested table, a number, a boolean or a tensor
---@return dwconv.Tensor # x's
function K.cast_to_floatx(x) end

--- -sum(target * log(output)) along the axis of the classes, for each sample. Probabilities are divided by their sum and clipped to epsilon..1 - epsilon; through what is clipped no gradient flows.
---@param target dwconv.Tensor any; float32 or float64
---@param output dwconv.Tensor target's; float32 or float64
---@param o? { axis?: integer, from_logits?: boolean }
---@return dwconv.Tensor # output's without the axis
function K.categorical_crossentropy(target, output, o) end

--- The least whole number that is not below x. Its gradient is 0.
---@param x dwconv.Tensor any numbers
---@return dwconv.Tensor # x's
function K.ceil(x) end

--- The least whole number that is not below x. Its gradient is 0.
---@return dwconv.Tensor # x's
function Tensor:ceil() end

--- Lets get_uid count from 1 again and sets the learning phase to 0.
function K.clear_session() end

--- x, but neither below min_value nor above max_value: each is a number, a tensor or nil for no bound; NaN on any side gives NaN. A max_value below min_value counts as min_value. The gradient is 1 at both bounds.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param min_value? dwconv.Tensor|number a tensor, or a number beside one, or nil
---@param max_value? dwconv.Tensor|number a tensor, or a number beside one, or nil
---@return dwconv.Tensor # all, broadcast
function K.clip(x, min_value, max_value) end

--- x, but neither below min_value nor above max_value: each is a number, a tensor or nil for no bound; NaN on any side gives NaN. A max_value below min_value counts as min_value. The gradient is 1 at both bounds.
---@param min_value? dwconv.Tensor|number a tensor, or a number beside one, or nil
---@param max_value? dwconv.Tensor|number a tensor, or a number beside one, or nil
---@return dwconv.Tensor # all, broadcast
function Tensor:clip(min_value, max_value) end

--- A copy of x, of its own.
---@param x dwconv.Tensor any
---@return dwconv.Tensor # x's
function K.clone(x) end

--- A copy of x, of its own.
---@return dwconv.Tensor # x's
function Tensor:clone() end

--- Whether |a - b| <= atol + rtol*|b| everywhere (NaN equals NaN), and shapes and dtypes agree. The second result says where they differ most.
---@param a dwconv.Tensor a tensor
---@param b dwconv.Tensor a tensor
---@param o? { atol?: number, rtol?: number }
---@return boolean # true, or false and a text
---@return string?
function dw.close(a, b, o) end

--- Tensors one after another along an axis.
---@param tensors dwconv.Tensor[] a table of tensors that differ on the axis only
---@param o? { axis?: integer }
---@return dwconv.Tensor # the sum of sizes on the axis
function K.concatenate(tensors, o) end

--- A tensor from a nested table or a number. With the option shape a number fills it, and as many numbers as it holds are put in.
---@param value dwconv.Tensor|number|boolean|table a nested table, a number, a boolean or a tensor
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool", shape?: integer[] }
---@return dwconv.Tensor # value's, or the option shape
function K.constant(value, o) end

--- x itself if its numbers lie in row-major order, else a copy.
---@param x dwconv.Tensor any
---@return dwconv.Tensor # x's
function K.contiguous(x) end

--- x itself if its numbers lie in row-major order, else a copy.
---@return dwconv.Tensor # x's
function Tensor:contiguous() end

--- Convolves x with a kernel: each output channel is the sum over taps and input channels. It is correlation, as is usual in the field: kernels are not flipped. A kernel with fewer input channels than x, of which x must have a multiple, convolves groups of channels, each with its own share of the output channels. With padding "same" the result has ceil(size/strides) positions along an axis, and an odd one of padding goes to the end; with "valid" as many as the kernel fits, and a kernel that does not fit at all is an error. "causal" pads before only, so that no output sees a later input.
---@param x dwconv.Tensor n,w,c (channels_last) or n,c,w (channels_first); float32 or float64
---@param kernel dwconv.Tensor kw,cin,cout for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], strides?: integer|integer[] }
---@return dwconv.Tensor # n,ow,cout or n,cout,ow
function K.conv1d(x, kernel, o) end

--- Convolves x with a kernel: each output channel is the sum over taps and input channels. It is correlation, as is usual in the field: kernels are not flipped. A kernel with fewer input channels than x, of which x must have a multiple, convolves groups of channels, each with its own share of the output channels. With padding "same" the result has ceil(size/strides) positions along an axis, and an odd one of padding goes to the end; with "valid" as many as the kernel fits, and a kernel that does not fit at all is an error. "causal" pads before only, so that no output sees a later input.
---@param kernel dwconv.Tensor kw,cin,cout for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], strides?: integer|integer[] }
---@return dwconv.Tensor # n,ow,cout or n,cout,ow
function Tensor:conv1d(kernel, o) end

--- The gradient of conv1d with respect to its kernel, given g, the one with respect to its result.
---@param g dwconv.Tensor the result's: n,ow,cout or n,cout,ow
---@param x dwconv.Tensor n,w,c or n,c,w
---@param kernel_shape integer[] a table of sizes: the shape of the kernel, kw,cin,cout
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], strides?: integer|integer[] }
---@return dwconv.Tensor # kernel_shape
function K.conv1d_grad_kernel(g, x, kernel_shape, o) end

--- The gradient of conv1d with respect to x, given g, the gradient with respect to its result.
---@param g dwconv.Tensor the result's: n,ow,cout or n,cout,ow
---@param kernel dwconv.Tensor kw,cin,cout
---@param x_shape integer[] a table of sizes: the shape of x
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], strides?: integer|integer[] }
---@return dwconv.Tensor # x_shape
function K.conv1d_grad_x(g, kernel, x_shape, o) end

--- The transposed convolution, which leads from the shape of a result of conv1d to that of its x: every number of x is spread over a window of the result, weighted by the kernel. output_shape is the shape of the result, -1 in place of the batch: strides leave several sizes open, and any is right from which the convolution leads back to x's size.
---@param x dwconv.Tensor n,w,c or n,c,w; float32 or float64
---@param kernel dwconv.Tensor kw,cout,cin for both layouts; of x's dtype
---@param output_shape integer[] a table of sizes: the shape of the result
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], strides?: integer|integer[] }
---@return dwconv.Tensor # output_shape
function K.conv1d_transpose(x, kernel, output_shape, o) end

--- Convolves x with a kernel: each output channel is the sum over taps and input channels. It is correlation, as is usual in the field: kernels are not flipped. A kernel with fewer input channels than x, of which x must have a multiple, convolves groups of channels, each with its own share of the output channels. With padding "same" the result has ceil(size/strides) positions along an axis, and an odd one of padding goes to the end; with "valid" as many as the kernel fits, and a kernel that does not fit at all is an error.
---@param x dwconv.Tensor n,h,w,c (channels_last) or n,c,h,w (channels_first); float32 or float64
---@param kernel dwconv.Tensor kh,kw,cin,cout for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # n,oh,ow,cout or n,cout,oh,ow
function K.conv2d(x, kernel, o) end

--- Convolves x with a kernel: each output channel is the sum over taps and input channels. It is correlation, as is usual in the field: kernels are not flipped. A kernel with fewer input channels than x, of which x must have a multiple, convolves groups of channels, each with its own share of the output channels. With padding "same" the result has ceil(size/strides) positions along an axis, and an odd one of padding goes to the end; with "valid" as many as the kernel fits, and a kernel that does not fit at all is an error.
---@param kernel dwconv.Tensor kh,kw,cin,cout for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # n,oh,ow,cout or n,cout,oh,ow
function Tensor:conv2d(kernel, o) end

--- The gradient of conv2d with respect to its kernel, given g, the one with respect to its result.
---@param g dwconv.Tensor the result's: n,oh,ow,cout or n,cout,oh,ow
---@param x dwconv.Tensor n,h,w,c or n,c,h,w
---@param kernel_shape integer[] a table of sizes: the shape of the kernel, kh,kw,cin,cout
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # kernel_shape
function K.conv2d_grad_kernel(g, x, kernel_shape, o) end

--- The gradient of conv2d with respect to x, given g, the gradient with respect to its result.
---@param g dwconv.Tensor the result's: n,oh,ow,cout or n,cout,oh,ow
---@param kernel dwconv.Tensor kh,kw,cin,cout
---@param x_shape integer[] a table of sizes: the shape of x
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # x_shape
function K.conv2d_grad_x(g, kernel, x_shape, o) end

--- The transposed convolution, which leads from the shape of a result of conv2d to that of its x: every number of x is spread over a window of the result, weighted by the kernel. output_shape is the shape of the result, -1 in place of the batch: strides leave several sizes open, and any is right from which the convolution leads back to x's size.
---@param x dwconv.Tensor n,h,w,c or n,c,h,w; float32 or float64
---@param kernel dwconv.Tensor kh,kw,cout,cin for both layouts; of x's dtype
---@param output_shape integer[] a table of sizes: the shape of the result
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # output_shape
function K.conv2d_transpose(x, kernel, output_shape, o) end

--- Convolves x with a kernel: each output channel is the sum over taps and input channels. It is correlation, as is usual in the field: kernels are not flipped. A kernel with fewer input channels than x, of which x must have a multiple, convolves groups of channels, each with its own share of the output channels. With padding "same" the result has ceil(size/strides) positions along an axis, and an odd one of padding goes to the end; with "valid" as many as the kernel fits, and a kernel that does not fit at all is an error.
---@param x dwconv.Tensor n,d,h,w,c (channels_last) or n,c,d,h,w (channels_first); float32 or float64
---@param kernel dwconv.Tensor kd,kh,kw,cin,cout for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # n,od,oh,ow,cout or n,cout,od,oh,ow
function K.conv3d(x, kernel, o) end

--- Convolves x with a kernel: each output channel is the sum over taps and input channels. It is correlation, as is usual in the field: kernels are not flipped. A kernel with fewer input channels than x, of which x must have a multiple, convolves groups of channels, each with its own share of the output channels. With padding "same" the result has ceil(size/strides) positions along an axis, and an odd one of padding goes to the end; with "valid" as many as the kernel fits, and a kernel that does not fit at all is an error.
---@param kernel dwconv.Tensor kd,kh,kw,cin,cout for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # n,od,oh,ow,cout or n,cout,od,oh,ow
function Tensor:conv3d(kernel, o) end

--- The gradient of conv3d with respect to its kernel, given g, the one with respect to its result.
---@param g dwconv.Tensor the result's: n,od,oh,ow,cout or n,cout,od,oh,ow
---@param x dwconv.Tensor n,d,h,w,c or n,c,d,h,w
---@param kernel_shape integer[] a table of sizes: the shape of the kernel, kd,kh,kw,cin,cout
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # kernel_shape
function K.conv3d_grad_kernel(g, x, kernel_shape, o) end

--- The gradient of conv3d with respect to x, given g, the gradient with respect to its result.
---@param g dwconv.Tensor the result's: n,od,oh,ow,cout or n,cout,od,oh,ow
---@param kernel dwconv.Tensor kd,kh,kw,cin,cout
---@param x_shape integer[] a table of sizes: the shape of x
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # x_shape
function K.conv3d_grad_x(g, kernel, x_shape, o) end

--- The transposed convolution, which leads from the shape of a result of conv3d to that of its x: every number of x is spread over a window of the result, weighted by the kernel. output_shape is the shape of the result, -1 in place of the batch: strides leave several sizes open, and any is right from which the convolution leads back to x's size.
---@param x dwconv.Tensor n,d,h,w,c or n,c,d,h,w; float32 or float64
---@param kernel dwconv.Tensor kd,kh,kw,cout,cin for both layouts; of x's dtype
---@param output_shape integer[] a table of sizes: the shape of the result
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # output_shape
function K.conv3d_transpose(x, kernel, output_shape, o) end

--- The cosine of x in radians.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.cos(x) end

--- The cosine of x in radians.
---@return dwconv.Tensor # x's
function Tensor:cos() end

--- The hyperbolic cosine.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.cosh(x) end

--- The hyperbolic cosine.
---@return dwconv.Tensor # x's
function Tensor:cosh() end

--- Minus the cosine of the angle between y_true and y_pred along an axis: -1 where they agree in direction, 0 for what is all zeros.
---@param y_true dwconv.Tensor any; float32 or float64
---@param y_pred dwconv.Tensor y_true's; float32 or float64
---@param o? { axis?: integer }
---@return dwconv.Tensor # y_true's without the axis
function K.cosine_similarity(y_true, y_pred, o) end

--- How many numbers x holds.
---@param x dwconv.Tensor a tensor
---@return integer # a whole number
function K.count_params(x) end

--- ctc_loss of probabilities, as a softmax gives them: epsilon is added to them, and they are divided by their sums. The last class is the blank.
---@param y_true dwconv.Tensor n,most labels; whole numbers, from 1 on
---@param y_pred dwconv.Tensor n,time,classes; probabilities
---@param input_length dwconv.Tensor n or n,1; how many steps a sample has
---@param label_length dwconv.Tensor n or n,1; how many labels a sample has
---@return dwconv.Tensor # n,1
function K.ctc_batch_cost(y_true, y_pred, input_length, label_length) end

--- The labels that predictions stand for. The first result is a table of tensors n,time, in which 0 follows the labels; the second has their scores. Greedy, the table has one: the likeliest class at each step, with equal neighbours taken together and blanks left out; its score, n,1, is minus the sum of the logarithms. Otherwise it has the top_paths likeliest labellings that a search finds which keeps the beam_width best beginnings; scores, n,top_paths, are logarithms of their probabilities. merge_repeated then leaves equal neighbours out of the labels as well.
---@param y_pred dwconv.Tensor n,time,classes; probabilities
---@param input_length dwconv.Tensor n or n,1; how many steps a sample has
---@param o? { beam_width?: integer, greedy?: boolean, merge_repeated?: boolean, top_paths?: integer }
---@return dwconv.Tensor[] # a table of n,time; int64, n,paths
---@return dwconv.Tensor
function K.ctc_decode(y_pred, input_length, o) end

--- Minus the logarithm of the sum of the probabilities of all paths through the classes that give the labels, once equal neighbours are taken together and blanks left out. It takes logarithms of probabilities, as log_softmax gives them.
---@param log_probabilities dwconv.Tensor n,time,classes; logarithms of probabilities
---@param y_true dwconv.Tensor n,most labels; whole numbers, from 1 on
---@param input_length dwconv.Tensor n or n,1; how many steps a sample has
---@param label_length dwconv.Tensor n or n,1; how many labels a sample has
---@return dwconv.Tensor # n
function K.ctc_loss(log_probabilities, y_true, input_length, label_length) end

--- The gradient of ctc_loss; g is that of its result: minus g times the share of each class at each step.
---@param g dwconv.Tensor n
---@param log_probabilities dwconv.Tensor n,time,classes; g's dtype
---@param y_true dwconv.Tensor n,most labels; whole numbers, from 1 on
---@param input_length dwconv.Tensor n or n,1; how many steps a sample has
---@param label_length dwconv.Tensor n or n,1; how many labels a sample has
---@return dwconv.Tensor # n,time,classes
function K.ctc_loss_grad(g, log_probabilities, y_true, input_length, label_length) end

--- The largest so far along an axis; NaN stays. Of equal ones the first has the gradient.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function K.cummax(x, o) end

--- The largest so far along an axis; NaN stays. Of equal ones the first has the gradient.
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function Tensor:cummax(o) end

--- The least so far along an axis; NaN stays. Of equal ones the first has the gradient.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function K.cummin(x, o) end

--- The least so far along an axis; NaN stays. Of equal ones the first has the gradient.
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function Tensor:cummin(o) end

--- Running products along an axis: each number times all before it. Its gradient is right with zeros too.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function K.cumprod(x, o) end

--- Running products along an axis: each number times all before it. Its gradient is right with zeros too.
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function Tensor:cumprod(o) end

--- Running sums along an axis: each number with all before it.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function K.cumsum(x, o) end

--- Running sums along an axis: each number with all before it.
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function Tensor:cumsum(o) end

--- Convolves each channel of x with its own kernels, as depthwise_conv2d does, along one axis.
---@param x dwconv.Tensor n,w,c or n,c,w; float32 or float64
---@param depthwise_kernel dwconv.Tensor kw,c,m for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], strides?: integer|integer[] }
---@return dwconv.Tensor # n,ow,c*m or n,c*m,ow
function K.depthwise_conv1d(x, depthwise_kernel, o) end

--- Convolves each channel of x with its own kernels, as depthwise_conv2d does, along one axis.
---@param depthwise_kernel dwconv.Tensor kw,c,m for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], strides?: integer|integer[] }
---@return dwconv.Tensor # n,ow,c*m or n,c*m,ow
function Tensor:depthwise_conv1d(depthwise_kernel, o) end

--- Convolves each channel of x with its own kernels: output channel (c-1)*m + q is channel c with kernel q of its m. It is correlation, as is usual in the field: kernels are not flipped. With padding "same" the result has ceil(h/strides) rows and an odd pixel of padding goes to the bottom and right; with "valid" it has as many rows as the kernel fits, and a kernel that does not fit at all is an error.
---@param x dwconv.Tensor n,h,w,c (channels_last) or n,c,h,w (channels_first); float32 or float64
---@param depthwise_kernel dwconv.Tensor kh,kw,c,m for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # n,oh,ow,c*m or n,c*m,oh,ow
function K.depthwise_conv2d(x, depthwise_kernel, o) end

--- Convolves each channel of x with its own kernels: output channel (c-1)*m + q is channel c with kernel q of its m. It is correlation, as is usual in the field: kernels are not flipped. With padding "same" the result has ceil(h/strides) rows and an odd pixel of padding goes to the bottom and right; with "valid" it has as many rows as the kernel fits, and a kernel that does not fit at all is an error.
---@param depthwise_kernel dwconv.Tensor kh,kw,c,m for both layouts; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # n,oh,ow,c*m or n,c*m,oh,ow
function Tensor:depthwise_conv2d(depthwise_kernel, o) end

--- The gradient of depthwise_conv2d with respect to its kernel, given g, the one with respect to its result.
---@param g dwconv.Tensor the result's: n,oh,ow,c*m or n,c*m,oh,ow
---@param x dwconv.Tensor n,h,w,c or n,c,h,w
---@param kernel_shape integer[] a table of sizes: the shape of the kernel, {kh, kw, c, m}
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # kernel_shape
function K.depthwise_conv2d_grad_kernel(g, x, kernel_shape, o) end

--- The gradient of depthwise_conv2d with respect to x, given g, the gradient with respect to its result.
---@param g dwconv.Tensor the result's: n,oh,ow,c*m or n,c*m,oh,ow
---@param depthwise_kernel dwconv.Tensor kh,kw,c,m
---@param x_shape integer[] a table of sizes: the shape of x
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # x_shape
function K.depthwise_conv2d_grad_x(g, depthwise_kernel, x_shape, o) end

--- For a vector, the matrix with it on a diagonal and 0 elsewhere; for a matrix, that diagonal as a view. k is an offset: 0 is the main diagonal, 1 the one to its right, -1 the one below.
---@param x dwconv.Tensor any; rank 1 or 2
---@param o? { k?: integer }
---@return dwconv.Tensor # of n numbers n+|k|,n+|k|; of n,m the diagonal's length
function K.diag(x, o) end

--- For a vector, the matrix with it on a diagonal and 0 elsewhere; for a matrix, that diagonal as a view. k is an offset: 0 is the main diagonal, 1 the one to its right, -1 the one below.
---@param o? { k?: integer }
---@return dwconv.Tensor # of n numbers n+|k|,n+|k|; of n,m the diagonal's length
function Tensor:diag(o) end

--- The diagonal over the last two axes, k columns to the right of the main one, or below it for negative k; empty where there is no such diagonal. A view of the same numbers.
---@param x dwconv.Tensor ...,n,m
---@param k? integer a whole number, an offset: 0 is the main diagonal, or nil
---@return dwconv.Tensor # ...,its length
function K.diagonal(x, k) end

--- The diagonal over the last two axes, k columns to the right of the main one, or below it for negative k; empty where there is no such diagonal. A view of the same numbers.
---@param k? integer a whole number, an offset: 0 is the main diagonal, or nil
---@return dwconv.Tensor # ...,its length
function Tensor:diagonal(k) end

--- a / b. Whole numbers become K.floatx() first.
---@param a dwconv.Tensor|number a tensor, or a number beside one
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.divide(a, b) end

--- a / b. Whole numbers become K.floatx() first.
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function Tensor:divide(b) end

--- Contracts the last axis of x with the second-to-last of y: the matrix product for rank 2. Not batched: the result has all other axes of x, then those of y.
---@param x dwconv.Tensor ...,k; rank 2 or more
---@param y dwconv.Tensor ...,k,n
---@return dwconv.Tensor # x's but the last, y's but the second-to-last
function K.dot(x, y) end

--- Contracts the last axis of x with the second-to-last of y: the matrix product for rank 2. Not batched: the result has all other axes of x, then those of y.
---@param y dwconv.Tensor ...,k,n
---@return dwconv.Tensor # x's but the last, y's but the second-to-last
function Tensor:dot(y) end

--- 0 with the probability level, and x / (1 - level) otherwise, each number by itself; whatever the learning phase is. The choices are made in noise_shape, in which -1 stands for x's size, and stretch to x's shape.
---@param x dwconv.Tensor any; float32 or float64
---@param level number the probability with which a number is dropped; from 0 on, below 1
---@param o? { noise_shape?: integer[], seed?: integer }
---@return dwconv.Tensor # x's
function K.dropout(x, level, o) end

--- The name of x's dtype.
---@param x dwconv.Tensor a tensor
---@return string # a string
function K.dtype(x) end

--- The sum of products that an equation names, as "bij,bjk->bik": a letter for each axis of each operand, then those of the result. Letters that the result does not name are summed over; one that comes twice in an operand takes its diagonal; "..." stands for axes that broadcast. Without an arrow the result has "...", then the letters that come once, in alphabetical order.
---@param equation string a string
---@param ... dwconv.Tensor a tensor for each part of the equation
---@return dwconv.Tensor # as the equation says
function K.einsum(equation, ...) end

--- x above 0, alpha*(exp(x) - 1) elsewhere.
---@param x dwconv.Tensor any; float32 or float64
---@param o? { alpha?: number }
---@return dwconv.Tensor # x's
function K.elu(x, o) end

--- x above 0, alpha*(exp(x) - 1) elsewhere.
---@param o? { alpha?: number }
---@return dwconv.Tensor # x's
function Tensor:elu(o) end

--- The gradient of views: zeros of a shape, with g in the part that a view takes.
---@param g dwconv.Tensor the part's
---@param shape integer[] a table of sizes
---@param form "index"|"narrow"|"select"|"diagonal"|"strided" "index", "narrow", "select", "diagonal" or "strided"
---@param values table a table of what the form takes
---@return dwconv.Tensor # shape
function K.embed(g, shape, form, values) end

--- The fuzz factor, 1e-7 at first.
---@return number # a number
function K.epsilon() end

--- Whether x == y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function K.equal(x, y) end

--- Whether x == y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function Tensor:equal(y) end

--- The error function, 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.erf(x) end

--- The error function, 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x.
---@return dwconv.Tensor # x's
function Tensor:erf() end

--- A copy of a tensor's numbers, which later writes do not change.
---@param x dwconv.Tensor a tensor
---@return dwconv.Tensor # a tensor
function K.eval(x) end

--- e to the power of x.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.exp(x) end

--- e to the power of x.
---@return dwconv.Tensor # x's
function Tensor:exp() end

--- A view with one more axis, of size 1. As a method, t:expand_dims(axis).
---@param x dwconv.Tensor any
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's with a 1 at the axis, which counts in the result
function K.expand_dims(x, o) end

--- exp(x) - 1, exact near 0.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.expm1(x) end

--- exp(x) - 1, exact near 0.
---@return dwconv.Tensor # x's
function Tensor:expm1() end

--- The identity matrix of a size; columns, which may be an option too, gives it another number of columns.
---@param size integer a whole number
---@param columns? integer a whole number, or nil
---@param o? { columns?: integer, dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # size,columns
function K.eye(size, columns, o) end

--- The identity matrix of a size; columns, which may be an option too, gives it another number of columns.
---@param size integer a whole number
---@param columns? integer a whole number, or nil
---@param o? { columns?: integer, dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # size,columns
function dw.eye(size, columns, o) end

--- The numbers of x in row-major order along one axis, the batch included.
---@param x dwconv.Tensor any
---@return dwconv.Tensor # one axis
function K.flatten(x) end

--- The numbers of x in row-major order along one axis, the batch included.
---@return dwconv.Tensor # one axis
function Tensor:flatten() end

--- The default float dtype: "float32" or "float64".
---@return string # a string
function K.floatx() end

--- The largest whole number that is not above x. Its gradient is 0.
---@param x dwconv.Tensor any numbers
---@return dwconv.Tensor # x's
function K.floor(x) end

--- The largest whole number that is not above x. Its gradient is 0.
---@return dwconv.Tensor # x's
function Tensor:floor() end

--- The largest whole number that is not above a / b, so that (a // b)*b + a % b is a, except for rounding: 1 // 0.1 is 9. A whole divisor of 0 is an error.
---@param a dwconv.Tensor|number a tensor, or a number beside one
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.floor_divide(a, b) end

--- The largest whole number that is not above a / b, so that (a // b)*b + a % b is a, except for rounding: 1 // 0.1 is 9. A whole divisor of 0 is an error.
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function Tensor:floor_divide(b) end

--- acc = fn(acc, e) over the slices of elems along its first axis, first to last; acc begins as the option initializer, or as the first slice met.
---@param fn function a function of acc and e
---@param elems dwconv.Tensor|dwconv.Tensor[] n,...
---@param o? { initializer?: any }
---@return any # fn's
function K.foldl(fn, elems, o) end

--- acc = fn(acc, e) over the slices of elems along its first axis, last to first; acc begins as the option initializer, or as the first slice met.
---@param fn function a function of acc and e
---@param elems dwconv.Tensor|dwconv.Tensor[] n,...
---@param o? { initializer?: any }
---@return any # fn's
function K.foldr(fn, elems, o) end

--- The numbers in a string, in this machine's byte order and row-major order.
---@param bytes string a string
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # shape
function dw.from_bytes(bytes, shape, o) end

--- One step of Ftrl, which keeps weights at 0 that matter little. With p = -learning_rate_power and n' = n + g*g, z grows by g + 2*l2_shrinkage*w - (n'^p - n^p) / learning_rate * w; then w is (sign(z)*l1 - z) / (n'^p / learning_rate + 2*l2) where |z| > l1, else 0. Before that g is multiplied by scale and brought to -clip..clip, and the share decay of w taken off.
---@param w dwconv.Tensor the weights; float32 or float64
---@param g dwconv.Tensor their gradient; w's
---@param n dwconv.Tensor w's
---@param z dwconv.Tensor w's
---@param o? { clip?: number, decay?: number, l1?: number, l2?: number, l2_shrinkage?: number, learning_rate?: number, learning_rate_power?: number, scale?: number }
---@return dwconv.Tensor # w itself
function K.ftrl_update(w, g, n, z, o) end

--- One number (or boolean) everywhere.
---@param shape integer[] a table of sizes
---@param value number|boolean a number or a boolean
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # shape
function dw.full(shape, value, o) end

--- The rows of reference (along its first axis) at the indices: reference[indices].
---@param reference dwconv.Tensor n,...
---@param indices dwconv.Tensor any; int32, int64 or uint8, counting from 1
---@return dwconv.Tensor # the indices', then the row's
function K.gather(reference, indices) end

--- The rows of reference (along its first axis) at the indices: reference[indices].
---@param indices dwconv.Tensor any; int32, int64 or uint8, counting from 1
---@return dwconv.Tensor # the indices', then the row's
function Tensor:gather(indices) end

--- x times the standard normal distribution's probability of less than x; 0 at -inf. With approximate = true, that probability is taken as 0.5*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3))).
---@param x dwconv.Tensor any; float32 or float64
---@param o? { approximate?: boolean }
---@return dwconv.Tensor # x's
function K.gelu(x, o) end

--- x times the standard normal distribution's probability of less than x; 0 at -inf. With approximate = true, that probability is taken as 0.5*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3))).
---@param o? { approximate?: boolean }
---@return dwconv.Tensor # x's
function Tensor:gelu(o) end

--- The derivative of gelu.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.gelu_slope(x) end

--- The derivative of the approximate gelu.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.gelu_tanh_slope(x) end

--- A number that counts the calls with this prefix ("" for nil), 1 for the first.
---@param prefix? string a string, or nil
---@return integer # a whole number
function K.get_uid(prefix) end

--- A copy of a tensor's numbers, which later writes do not change.
---@param x any a tensor; anything else comes back as it is
---@return dwconv.Tensor # a tensor
function K.get_value(x) end

--- Whether the gradients of f at the inputs agree with central differences, |a - b| <= atol + rtol*|b|; of its gradients too, for the option order = 2 or more. The second result says where they do not. f must give one float64 tensor.
---@param f function a function of tensors
---@param inputs dwconv.Tensor[] a table of float64 tensors
---@param o? { atol?: number, order?: integer, rtol?: number, step?: number }
---@return boolean # true, or false and a text
---@return string?
function dw.gradcheck(f, inputs, o) end

--- g * slope, and 0 where g is 0, whatever slope is: the part of a gradient that flows on.
---@param g dwconv.Tensor|number a tensor, or a number beside one
---@param slope dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.gradient_product(g, slope) end

--- g / slope, and 0 where g is 0, whatever slope is: the part of a gradient that flows on.
---@param g dwconv.Tensor|number a tensor, or a number beside one
---@param slope dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.gradient_quotient(g, slope) end

--- The gradients of loss on the tape that records now: within dw.record(f). A tape that has recorded has them by its method of the same name, tape:gradients(loss, variables). A table of variables gives a table with the same keys; zeros for what loss does not reach. A variable is known by the numbers in it: it does not matter which view of them was used.
---@param loss dwconv.Tensor a tensor, summed if it is more than one number
---@param variables dwconv.Tensor|dwconv.Tensor[] a tensor or a table of tensors
---@param o? { output_gradients?: dwconv.Tensor, release?: boolean }
---@return any # like variables
function K.gradients(loss, variables, o) end

--- Whether x > y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function K.greater(x, y) end

--- Whether x > y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function Tensor:greater(y) end

--- Whether x >= y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function K.greater_equal(x, y) end

--- Whether x >= y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function Tensor:greater_equal(y) end

--- The channels along an axis in groups of neighbours, each group of a sample normalized by itself over all other axes but the first. gamma and beta have a number for each channel; they may be nil, and are then 1 and 0.
---@param x dwconv.Tensor n,...; float32 or float64
---@param gamma? dwconv.Tensor the channels; x's dtype, or nil
---@param beta? dwconv.Tensor the channels; x's dtype, or nil
---@param o? { axis?: integer, epsilon?: number, groups?: integer }
---@return dwconv.Tensor # x's
function K.group_normalization(x, gamma, beta, o) end

--- 0.2*x + 0.5, clipped to 0..1. The gradient is 0.2 at both ends.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.hard_sigmoid(x) end

--- 0.2*x + 0.5, clipped to 0..1. The gradient is 0.2 at both ends.
---@return dwconv.Tensor # x's
function Tensor:hard_sigmoid() end

--- x * clip(x + 3, 0, 6) / 6: silu of straight pieces, also known as hard swish.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.hard_silu(x) end

--- x * clip(x + 3, 0, 6) / 6: silu of straight pieces, also known as hard swish.
---@return dwconv.Tensor # x's
function Tensor:hard_silu() end

--- The mean over the last axis of e*e/2, of the error e = y_pred - y_true, where |e| is up to delta, and of delta*|e| - delta*delta/2 beyond.
---@param y_true dwconv.Tensor any; float32 or float64
---@param y_pred dwconv.Tensor y_true's; float32 or float64
---@param o? { delta?: number }
---@return dwconv.Tensor # y_true's without the last axis
function K.huber(y_true, y_pred, o) end

--- Reads a PNG or JPEG file, which its first bytes tell, as uint8: grey (h,w,1), RGB (h,w,3) or RGBA (h,w,4). PNG: grey, RGB, palettes (which become RGB) and alpha, of 1 to 16 bits, interlaced or not; 16 bits are rounded to 8, and grey with transparency becomes RGBA. Sides of up to 1000000. JPEG: grey and colour, baseline and progressive, of 8 bits. Sides of up to 65500. Samples are as the file has them: gamma and colour profiles are not applied, nor the orientation that a camera notes (EXIF), nor is alpha multiplied in. Ctrl-C stops it.
---@param path string a string
---@return dwconv.Tensor # h,w,c; uint8
function dw.io.image.read(path) end

--- Writes a tensor (h,w,c) or (h,w) as PNG or JPEG, as the path's ending says: .png, .jpg or .jpeg. c is 1 (grey), 3 (RGB) or, in a PNG, 4 (RGBA). uint8 is written as it is; floats are taken in 0..1 and clipped, and NaN is 0. A PNG keeps every sample. The quality is a JPEG's; from 90 on its colours are as fine as its brightness, below they are halved. Ctrl-C stops it. The file replaces an older one when it is complete, whose mode and owner it keeps; symbolic links are followed, pipes and devices written to.
---@param path string a string
---@param image dwconv.Tensor a tensor h,w,c or h,w
---@param o? { quality?: integer }
function dw.io.image.write(path, image, o) end

--- The layout of images where a call does not say: "channels_last" or "channels_first".
---@return string # a string
function K.image_data_format() end

--- x in the test phase, else alt; of either a function's result, which is called only then.
---@param x any anything
---@param alt any anything
---@param o? { training?: integer|boolean }
---@return any # x or alt
function K.in_test_phase(x, alt, o) end

--- Whether the class that targets names is among the k with the largest predictions: in each row, whether fewer than k are larger than its own. It is false for a target that is no class, and where a prediction in the row is not finite.
---@param predictions dwconv.Tensor n,classes; float32 or float64
---@param targets dwconv.Tensor n; int32, int64 or uint8, counting from 1
---@param k integer a whole number
---@return dwconv.Tensor # n; bool
function K.in_top_k(predictions, targets, k) end

--- x in the train phase, else alt; of either a function's result, which is called only then.
---@param x any anything
---@param alt any anything
---@param o? { training?: integer|boolean }
---@return any # x or alt
function K.in_train_phase(x, alt, o) end

--- What t[key] and t(i, j, ...) give, as a function for gradients and dw.ops: the part of x at a table of one index, or range {first, last, step}, for each axis ({} is all of it); or at one index of the first axis. With every index given it is a Lua number.
---@param x dwconv.Tensor any
---@param key integer|table a whole number, or a table of them and of ranges
---@return dwconv.Tensor|number # what is left of x's
function K.index(x, key) end

--- The shape of x, as a table: x.shape.
---@param x dwconv.Tensor a tensor
---@return integer[] # a table of sizes
function K.int_shape(x) end

--- Whether x is symbolic: dw.Input, or made of it.
---@param x any anything
---@return boolean # true or false
function K.is_keras_tensor(x) end

--- Whether x is neither NaN nor infinite; whole numbers and bools always are.
---@param x dwconv.Tensor any
---@return dwconv.Tensor # x's; bool
function K.isfinite(x) end

--- Whether x is neither NaN nor infinite; whole numbers and bools always are.
---@return dwconv.Tensor # x's; bool
function Tensor:isfinite() end

--- Whether x is infinite, of either sign; whole numbers and bools never are.
---@param x dwconv.Tensor any
---@return dwconv.Tensor # x's; bool
function K.isinf(x) end

--- Whether x is infinite, of either sign; whole numbers and bools never are.
---@return dwconv.Tensor # x's; bool
function Tensor:isinf() end

--- Whether x is NaN; whole numbers and bools never are.
---@param x dwconv.Tensor any
---@return dwconv.Tensor # x's; bool
function K.isnan(x) end

--- Whether x is NaN; whole numbers and bools never are.
---@return dwconv.Tensor # x's; bool
function Tensor:isnan() end

--- The sum over the last axis of y_true * log(y_true / y_pred), both clipped to epsilon..1.
---@param y_true dwconv.Tensor any; float32 or float64
---@param y_pred dwconv.Tensor y_true's; float32 or float64
---@return dwconv.Tensor # y_true's without the last axis
function K.kl_divergence(y_true, y_pred) end

--- x over the root of its sum of squares along the axes (over all of them if none is given), of at least 1e-12.
---@param x dwconv.Tensor any; float32 or float64
---@param o? { axis?: integer|integer[] }
---@return dwconv.Tensor # x's
function K.l2_normalize(x, o) end

--- x over the root of its sum of squares along the axes (over all of them if none is given), of at least 1e-12.
---@param o? { axis?: integer|integer[] }
---@return dwconv.Tensor # x's
function Tensor:l2_normalize(o) end

--- Each sample normalized by itself, along the axes: (x - mean) * gamma / sqrt(variance + epsilon) + beta. gamma and beta have the sizes of these axes; they may be nil, and are then 1 and 0.
---@param x dwconv.Tensor any; float32 or float64
---@param gamma? dwconv.Tensor the sizes of the axes; x's dtype, or nil
---@param beta? dwconv.Tensor gamma's shape; x's dtype, or nil
---@param o? { axis?: integer|integer[], epsilon?: number }
---@return dwconv.Tensor # x's
function K.layer_normalization(x, gamma, beta, o) end

--- x above 0, alpha*x elsewhere.
---@param x dwconv.Tensor any; float32 or float64
---@param o? { alpha?: number }
---@return dwconv.Tensor # x's
function K.leaky_relu(x, o) end

--- x above 0, alpha*x elsewhere.
---@param o? { alpha?: number }
---@return dwconv.Tensor # x's
function Tensor:leaky_relu(o) end

--- 1 while training, 0 while testing, as at first.
---@return integer # 0 or 1
function K.learning_phase() end

--- Calls f() in a learning phase and puts the former one back, after an error too; gives f's results.
---@param value integer|boolean 0, 1 or a boolean
---@param f function a function
---@return any ... # f's
function K.learning_phase_scope(value, f) end

--- Whether x < y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function K.less(x, y) end

--- Whether x < y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function Tensor:less(y) end

--- Whether x <= y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function K.less_equal(x, y) end

--- Whether x <= y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function Tensor:less_equal(y) end

--- num numbers from start to stop, both included.
---@param start number a number
---@param stop number a number
---@param num integer a whole number
---@param o? { dtype?: "float32"|"float64" }
---@return dwconv.Tensor # num
function dw.linspace(start, stop, num, o) end

--- One step of Lion: w - learning_rate * sign(beta_1*m + (1 - beta_1)*g); then m follows g by the share 1 - beta_2. Before that g is multiplied by scale and brought to -clip..clip, and the share decay of w taken off.
---@param w dwconv.Tensor the weights; float32 or float64
---@param g dwconv.Tensor their gradient; w's
---@param m dwconv.Tensor w's
---@param o? { beta_1?: number, beta_2?: number, clip?: number, decay?: number, learning_rate?: number, scale?: number }
---@return dwconv.Tensor # w itself
function K.lion_update(w, g, m, o) end

--- A convolution along one axis whose kernel is another one at each position: kernel[i] is for the window at position i of the result, as a row of its numbers. There is no padding.
---@param inputs dwconv.Tensor n,w,c or n,c,w; float32 or float64
---@param kernel dwconv.Tensor positions, numbers in a window, filters; of x's dtype
---@param kernel_size integer|integer[] how long a window is
---@param strides integer|integer[] steps between windows
---@param o? { data_format?: "channels_last"|"channels_first" }
---@return dwconv.Tensor # n,ow,filters or n,filters,ow
function K.local_conv1d(inputs, kernel, kernel_size, strides, o) end

--- A convolution whose kernel is another one at each position: kernel[i] is for the window at position i of the result, counted row by row, as a row of its numbers, channels last in channels_last and first in channels_first. There is no padding.
---@param inputs dwconv.Tensor n,h,w,c or n,c,h,w; float32 or float64
---@param kernel dwconv.Tensor positions, numbers in a window, filters; of x's dtype
---@param kernel_size integer|integer[] rows and columns of a window
---@param strides integer|integer[] steps between windows
---@param output_shape integer|integer[] rows and columns of the result
---@param o? { data_format?: "channels_last"|"channels_first" }
---@return dwconv.Tensor # n,oh,ow,filters or n,filters,oh,ow
function K.local_conv2d(inputs, kernel, kernel_size, strides, output_shape, o) end

--- The natural logarithm: -inf of 0, NaN of negative x.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.log(x) end

--- The natural logarithm: -inf of 0, NaN of negative x.
---@return dwconv.Tensor # x's
function Tensor:log() end

--- log(1 + x), exact near 0: -inf of -1, NaN below.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.log1p(x) end

--- log(1 + x), exact near 0: -inf of -1, NaN below.
---@return dwconv.Tensor # x's
function Tensor:log1p() end

--- The logarithm of softmax: x - logsumexp(x) along an axis, without overflow.
---@param x dwconv.Tensor float32 or float64
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function K.log_softmax(x, o) end

--- The logarithm of softmax: x - logsumexp(x) along an axis, without overflow.
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function Tensor:log_softmax(o) end

--- x and y, of bools.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function K.logical_and(x, y) end

--- x and y, of bools.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function Tensor:logical_and(y) end

--- not x, of bools.
---@param x dwconv.Tensor any; bool
---@return dwconv.Tensor # x's
function K.logical_not(x) end

--- not x, of bools.
---@return dwconv.Tensor # x's
function Tensor:logical_not() end

--- x or y, of bools.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function K.logical_or(x, y) end

--- x or y, of bools.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function Tensor:logical_or(y) end

--- x ~= y, of bools.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function K.logical_xor(x, y) end

--- x ~= y, of bools.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function Tensor:logical_xor(y) end

--- log(sum(exp(x))) over the axes, without overflow; over no elements or only -inf it is -inf. Its gradient is the share of each exp(x) in the sum: 0 for only -inf, and shared among those that are inf.
---@param x dwconv.Tensor float32 or float64
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.logsumexp(x, o) end

--- log(sum(exp(x))) over the axes, without overflow; over no elements or only -inf it is -inf. Its gradient is the share of each exp(x) in the sum: 0 for only -inf, and shared among those that are inf.
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:logsumexp(o) end

--- fn(e) of each slice of elems along its first axis, stacked.
---@param fn function a function
---@param elems dwconv.Tensor|dwconv.Tensor[] n,...
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # n, fn's
function K.map_fn(fn, elems, o) end

--- The matrix product over the last two axes; the axes before them broadcast. A vector is a row on the left and a column on the right, whose axis the result does not have. Whole numbers wrap, and are slow.
---@param a dwconv.Tensor ...,m,k or k; numbers
---@param b dwconv.Tensor ...,k,n or k
---@return dwconv.Tensor # ...,m,n, without m or n for a vector
function K.matmul(a, b) end

--- The matrix product over the last two axes; the axes before them broadcast. A vector is a row on the left and a column on the right, whose axis the result does not have. Whole numbers wrap, and are slow.
---@param b dwconv.Tensor ...,k,n or k
---@return dwconv.Tensor # ...,m,n, without m or n for a vector
function Tensor:matmul(b) end

--- The largest over the axes; NaN wins; over no elements -inf, or the lowest whole number. The gradient is shared equally among ties.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.max(x, o) end

--- The largest over the axes; NaN wins; over no elements -inf, or the lowest whole number. The gradient is shared equally among ties.
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:max(o) end

--- The largest number of each window of an image, channel by channel. The windows of pool_size, whose taps are dilation_rate apart, are strides apart; padding "same" gives ceil(size / strides) outputs, with an odd one of padding at the end, "valid" as many as fit. Padding is passed over, and so is NaN; nothing is below the lowest finite number.
---@param x dwconv.Tensor n,w,c or n,h,w,c or n,d,h,w,c; with channels_first c is the second axis; float32 or float64
---@param pool_size integer|integer[] a size for all axes, or a table of sizes
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # x's, with as many windows as there are along each axis
function K.max_pool(x, pool_size, o) end

--- The largest number of each window of an image, channel by channel. The windows of pool_size, whose taps are dilation_rate apart, are strides apart; padding "same" gives ceil(size / strides) outputs, with an odd one of padding at the end, "valid" as many as fit. Padding is passed over, and so is NaN; nothing is below the lowest finite number.
---@param pool_size integer|integer[] a size for all axes, or a table of sizes
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # x's, with as many windows as there are along each axis
function Tensor:max_pool(pool_size, o) end

--- The gradient of max_pool with respect to x, given g, the gradient with respect to its result: g is added to the largest number of its window, of equal ones to the first in row order. Where nothing in a window is above the lowest finite number, the first of it counts.
---@param g dwconv.Tensor the result's
---@param x dwconv.Tensor n,w,c or n,h,w,c or n,d,h,w,c; with channels_first c is the second axis; float32 or float64
---@param pool_size integer|integer[] a size for all axes, or a table of sizes
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # x's
function K.max_pool_grad_x(g, x, pool_size, o) end

--- For each window the number of v at the place of x's largest one: the gradient of max_pool_grad_x with respect to g. A window with no taps inside gives 0.
---@param v dwconv.Tensor x's
---@param x dwconv.Tensor n,w,c or n,h,w,c or n,d,h,w,c; with channels_first c is the second axis; float32 or float64
---@param pool_size integer|integer[] a size for all axes, or a table of sizes
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # max_pool's
function K.max_pool_pick(v, x, pool_size, o) end

--- The larger of x and y; NaN on either side gives NaN. Where they are equal, the gradient goes to x.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.maximum(x, y) end

--- The larger of x and y; NaN on either side gives NaN. Where they are equal, the gradient goes to x.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function Tensor:maximum(y) end

--- The mean over the axes. Computed in float64, rounded once; whole numbers and bools give K.floatx(). NaN over no elements.
---@param x dwconv.Tensor any
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.mean(x, o) end

--- The mean over the axes. Computed in float64, rounded once; whole numbers and bools give K.floatx(). NaN over no elements.
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:mean(o) end

--- The most bytes that this Lua state may take: what K.set_memory_limit said, or what it holds and the machine, or the cgroup around it, has left now, less a sixteenth of all.
---@return number # a number
function K.memory_limit() end

--- The least over the axes; NaN wins; over no elements inf, or the highest whole number. The gradient is shared equally among ties.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.min(x, o) end

--- The least over the axes; NaN wins; over no elements inf, or the highest whole number. The gradient is shared equally among ties.
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:min(o) end

--- The smaller of x and y; NaN on either side gives NaN. Where they are equal, the gradient goes to x.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.minimum(x, y) end

--- The smaller of x and y; NaN on either side gives NaN. Where they are equal, the gradient goes to x.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function Tensor:minimum(y) end

--- x * tanh(softplus(x)); 0 at -inf.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.mish(x) end

--- x * tanh(softplus(x)); 0 at -inf.
---@return dwconv.Tensor # x's
function Tensor:mish() end

--- The derivative of mish.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.mish_slope(x) end

--- The remainder of a // b: a - (a // b)*b, exactly, with the sign of b. A whole divisor of 0 is an error.
---@param a dwconv.Tensor|number a tensor, or a number beside one
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.mod(a, b) end

--- The remainder of a // b: a - (a // b)*b, exactly, with the sign of b. A whole divisor of 0 is an error.
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function Tensor:mod(b) end

--- x becomes x*momentum + value*(1 - momentum), in place.
---@param x dwconv.Tensor a tensor
---@param value dwconv.Tensor|number a tensor that broadcasts to x's shape, or a number
---@param momentum number a number
---@return dwconv.Tensor # x itself
function K.moving_average_update(x, value, momentum) end

--- a * b, number by number.
---@param a dwconv.Tensor|number a tensor, or a number beside one
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.multiply(a, b) end

--- a * b, number by number.
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function Tensor:multiply(b) end

--- One step of Nadam: m follows g by the share 1 - beta_1, v follows g*g by 1 - beta_2, and w - learning_rate * (share_g*g + share_m*m) / (sqrt(v * scale_v) + epsilon). Before that g is multiplied by scale and brought to -clip..clip, and the share decay of w taken off.
---@param w dwconv.Tensor the weights; float32 or float64
---@param g dwconv.Tensor their gradient; w's
---@param m dwconv.Tensor w's
---@param v dwconv.Tensor w's
---@param o? { beta_1?: number, beta_2?: number, clip?: number, decay?: number, epsilon?: number, learning_rate?: number, scale?: number, scale_v?: number, share_g?: number, share_m?: number }
---@return dwconv.Tensor # w itself
function K.nadam_update(w, g, m, v, o) end

--- `size` neighbours along an axis, from index `first` on.
---@param x dwconv.Tensor any
---@param axis integer an axis, from 1 or -1 back
---@param first integer an index, from 1 or -1 back
---@param size integer a whole number
---@return dwconv.Tensor # x's, the axis of that size
function K.narrow(x, axis, first, size) end

--- `size` neighbours along an axis, from index `first` on.
---@param axis integer an axis, from 1 or -1 back
---@param first integer an index, from 1 or -1 back
---@param size integer a whole number
---@return dwconv.Tensor # x's, the axis of that size
function Tensor:narrow(axis, first, size) end

--- How many axes x has.
---@param x dwconv.Tensor a tensor
---@return integer # a whole number
function K.ndim(x) end

--- -x.
---@param x dwconv.Tensor any
---@return dwconv.Tensor # x's
function K.negative(x) end

--- -x.
---@return dwconv.Tensor # x's
function Tensor:negative() end

--- Calls f(...) while no tape records, whichever do outside; gives f's results.
---@param f function a function
---@param ... any
---@return any ... # f's results
function dw.no_grad(f, ...) end

--- The positions of the elements that are not 0 (false is 0, NaN is not), in row-major order, one in each row.
---@param x dwconv.Tensor any
---@return dwconv.Tensor # how many there are, x's rank; int64, counting from 1
function K.nonzero(x) end

--- The positions of the elements that are not 0 (false is 0, NaN is not), in row-major order, one in each row.
---@return dwconv.Tensor # how many there are, x's rank; int64, counting from 1
function Tensor:nonzero() end

--- The norm of all numbers over the axes: of order 2 (also called "fro") the root of the sum of squares, of order 1 the sum of absolute values, of order math.huge the largest of them. Order 2 neither overflows nor underflows before its result does, and its gradient is 0 where it is 0 or infinite; that of order math.huge is shared among ties.
---@param x dwconv.Tensor any; float32 or float64
---@param o? { axis?: integer|integer[], keepdims?: boolean, ord?: number|"fro" }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.norm(x, o) end

--- The norm of all numbers over the axes: of order 2 (also called "fro") the root of the sum of squares, of order 1 the sum of absolute values, of order math.huge the largest of them. Order 2 neither overflows nor underflows before its result does, and its gradient is 0 where it is 0 or infinite; that of order math.huge is shared among ties.
---@param o? { axis?: integer|integer[], keepdims?: boolean, ord?: number|"fro" }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:norm(o) end

--- Normally distributed random numbers.
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64", mean?: number, seed?: integer, stddev?: number }
---@return dwconv.Tensor # shape
function dw.normal(shape, o) end

--- (x - mean) * gamma / sqrt(variance + epsilon) + beta, of the mean and the variance of x along the axes, or of all of x. gamma and beta have one shape, which stretches to x's; left out, they are 1 and 0. With clip = {low, high} the result is clipped on the way, as relu does with {0, math.huge}: the gradient is 0 at the bounds and beyond.
---@param x dwconv.Tensor any; float32 or float64
---@param gamma? dwconv.Tensor stretches to x's; x's dtype, or nil
---@param beta? dwconv.Tensor gamma's shape; x's dtype, or nil
---@param o? { axis?: integer|integer[], clip?: number[], epsilon?: number }
---@return dwconv.Tensor # x's
function K.normalize(x, gamma, beta, o) end

--- x normalized along the axes, times gamma plus beta; then the mean and the variance of x there. gamma, beta and both moments have the sizes of the axes that are left. The variance of an image n,h,w,c along all axes but c is n/(n - 1) times that by which x is divided, for the sake of moving averages. With clip = {low, high} the result is clipped, as K.normalize does it.
---@param x dwconv.Tensor any; float32 or float64
---@param gamma? dwconv.Tensor the axes that are left; x's dtype, or nil
---@param beta? dwconv.Tensor gamma's shape; x's dtype, or nil
---@param reduction_axes integer|integer[] an axis or a table of axes, from 1 or -1 back
---@param o? { clip?: number[], epsilon?: number }
---@return dwconv.Tensor # x's, the axes that are left, the axes that are left
---@return dwconv.Tensor
---@return dwconv.Tensor
function K.normalize_batch_in_training(x, gamma, beta, reduction_axes, o) end

--- Whether x ~= y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function K.not_equal(x, y) end

--- Whether x ~= y, as bool. The operator == of Lua is identity, so comparisons are functions.
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast; bool
function Tensor:not_equal(y) end

--- Reads a NumPy array: a .npy file of version 1 to 3, either byte order, C or Fortran order, of the dtypes that dwconv has and up to 8 axes. It takes no memory besides the tensor's, and Ctrl-C stops it. The path may be a pipe.
---@param path string a string
---@return dwconv.Tensor # the array's
function dw.io.npy.read(path) end

--- Writes a tensor, also a view, as a NumPy array: a .npy file of version 1, in C order and this machine's byte order. It takes no memory besides the tensor's, and Ctrl-C stops it. The file replaces an older one when it is complete, whose mode and owner it keeps; symbolic links are followed, pipes and devices written to.
---@param path string a string
---@param tensor dwconv.Tensor a tensor
function dw.io.npy.write(path, tensor) end

--- For each index a row of num_classes zeros with a 1 at the index.
---@param indices dwconv.Tensor any; int32, int64 or uint8, from 1 to num_classes
---@param num_classes integer a whole number of at least 0
---@return dwconv.Tensor # theirs, num_classes; float32
function K.one_hot(indices, num_classes) end

--- Ones of a shape.
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # shape
function K.ones(shape, o) end

--- Ones of a shape.
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # shape
function dw.ones(shape, o) end

--- Ones in the shape of x.
---@param x dwconv.Tensor a tensor, whose dtype is the default
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # x's
function K.ones_like(x, o) end

--- x with further numbers before and after it along each axis: value for mode "constant"; for "reflect" x mirrored at its first and last number, for "symmetric" at its edges, so that these come twice.
---@param x dwconv.Tensor any
---@param paddings integer[][] a table of {before, after} for each axis
---@param o? { mode?: "constant"|"reflect"|"symmetric", value?: number|boolean }
---@return dwconv.Tensor # x's, grown
function K.pad(x, paddings, o) end

--- x with further numbers before and after it along each axis: value for mode "constant"; for "reflect" x mirrored at its first and last number, for "symmetric" at its edges, so that these come twice.
---@param paddings integer[][] a table of {before, after} for each axis
---@param o? { mode?: "constant"|"reflect"|"symmetric", value?: number|boolean }
---@return dwconv.Tensor # x's, grown
function Tensor:pad(paddings, o) end

--- The gradient of pad with respect to x, given g, the gradient with respect to its result: the part of g where x was, to which is added, where x was mirrored, what came from there.
---@param g dwconv.Tensor the result's; float32 or float64
---@param paddings integer[][] a table of {before, after} for each axis
---@param o? { mode?: "constant"|"reflect"|"symmetric" }
---@return dwconv.Tensor # g's, smaller
function K.pad_grad_x(g, paddings, o) end

--- Reorders the axes of x: axis i of the result is axis pattern[i] of x. A view of the same numbers.
---@param pattern integer[] a table naming each axis once, from 1; -1 is the last
---@return dwconv.Tensor # x's, permuted
function Tensor:permute(pattern) end

--- Reorders the axes of x: axis i of the result is axis pattern[i] of x. A view of the same numbers.
---@param x dwconv.Tensor any
---@param pattern integer[] a table naming each axis once, from 1; -1 is the last
---@return dwconv.Tensor # x's, permuted
function K.permute_dimensions(x, pattern) end

--- The largest number, or the average, of windows along steps; see max_pool and average_pool.
---@param x dwconv.Tensor n,steps,c (channels_last) or n,c,steps (channels_first); float32 or float64
---@param pool_size integer|integer[] a whole number or {w}, each at least 1
---@param o? { data_format?: "channels_last"|"channels_first", padding?: "valid"|"same"|integer[], pool_mode?: "max"|"avg", strides?: integer|integer[] }
---@return dwconv.Tensor # x's, with as many windows as there are along each axis
function K.pool1d(x, pool_size, o) end

--- The largest number, or the average, of windows along steps; see max_pool and average_pool.
---@param pool_size integer|integer[] a whole number or {w}, each at least 1
---@param o? { data_format?: "channels_last"|"channels_first", padding?: "valid"|"same"|integer[], pool_mode?: "max"|"avg", strides?: integer|integer[] }
---@return dwconv.Tensor # x's, with as many windows as there are along each axis
function Tensor:pool1d(pool_size, o) end

--- The largest number, or the average, of windows of an image; see max_pool and average_pool. Averages do not count padding.
---@param x dwconv.Tensor n,h,w,c (channels_last) or n,c,h,w (channels_first); float32 or float64
---@param pool_size integer|integer[] a whole number or a pair {h, w}, each at least 1
---@param o? { data_format?: "channels_last"|"channels_first", padding?: "valid"|"same"|integer[][], pool_mode?: "max"|"avg", strides?: integer|integer[] }
---@return dwconv.Tensor # x's, with as many windows as there are along each axis
function K.pool2d(x, pool_size, o) end

--- The largest number, or the average, of windows of an image; see max_pool and average_pool. Averages do not count padding.
---@param pool_size integer|integer[] a whole number or a pair {h, w}, each at least 1
---@param o? { data_format?: "channels_last"|"channels_first", padding?: "valid"|"same"|integer[][], pool_mode?: "max"|"avg", strides?: integer|integer[] }
---@return dwconv.Tensor # x's, with as many windows as there are along each axis
function Tensor:pool2d(pool_size, o) end

--- The largest number, or the average, of windows of a volume; see max_pool and average_pool. Averages do not count padding.
---@param x dwconv.Tensor n,d,h,w,c (channels_last) or n,c,d,h,w (channels_first); float32 or float64
---@param pool_size integer|integer[] a whole number or {d, h, w}, each at least 1
---@param o? { data_format?: "channels_last"|"channels_first", padding?: "valid"|"same"|integer[][], pool_mode?: "max"|"avg", strides?: integer|integer[] }
---@return dwconv.Tensor # x's, with as many windows as there are along each axis
function K.pool3d(x, pool_size, o) end

--- The largest number, or the average, of windows of a volume; see max_pool and average_pool. Averages do not count padding.
---@param pool_size integer|integer[] a whole number or {d, h, w}, each at least 1
---@param o? { data_format?: "channels_last"|"channels_first", padding?: "valid"|"same"|integer[][], pool_mode?: "max"|"avg", strides?: integer|integer[] }
---@return dwconv.Tensor # x's, with as many windows as there are along each axis
function Tensor:pool3d(pool_size, o) end

--- x to the power of a. A negative base with a fractional exponent gives NaN; whole numbers with negative exponents are an error. The gradient of a is 0 where x is not above 0: there is none for most a.
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param a dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.pow(x, a) end

--- x to the power of a. A negative base with a fractional exponent gives NaN; whole numbers with negative exponents are an error. The gradient of a is 0 where x is not above 0: there is none for most a.
---@param a dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function Tensor:pow(a) end

--- a to the power of b. A negative base with a fractional exponent gives NaN; whole numbers with negative exponents are an error. The gradient of b is 0 where a is not above 0: there is none for most b.
---@param a dwconv.Tensor|number a tensor, or a number beside one
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.power(a, b) end

--- a to the power of b. A negative base with a fractional exponent gives NaN; whole numbers with negative exponents are an error. The gradient of b is 0 where a is not above 0: there is none for most b.
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function Tensor:power(b) end

--- Prints a message and x; gives x.
---@param x dwconv.Tensor a tensor
---@param o? { message?: string }
---@return dwconv.Tensor # x itself
function K.print_tensor(x, o) end

--- The product over the axes; over all of them if none is given. Its gradient is right with zeros too.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.prod(x, o) end

--- The product over the axes; over all of them if none is given. Its gradient is right with zeros too.
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:prod(o) end

--- The gradient of take_along_axis: zeros, n along the axis, to which y is added at the indices.
---@param y dwconv.Tensor the indices'
---@param indices dwconv.Tensor any; int32, int64 or uint8, counting from 1
---@param axis integer an axis, from 1 or -1 back
---@param n integer a whole number of at least 0
---@return dwconv.Tensor # y's, the axis of size n
function K.put_along_axis(y, indices, axis, n) end

--- Writes value where mask is true, in place: x[mask] = value. Tensors give their numbers in row-major order.
---@param mask dwconv.Tensor bool; x's shape, or its first axes
---@param value dwconv.Tensor|number|boolean|table a number, a boolean, a table or a tensor, which stretches to x[mask]
---@return dwconv.Tensor # x
function Tensor:put_mask(mask, value) end

--- Writes values at indices along the first axis, one after another, in place: x[indices] = value.
---@param indices dwconv.Tensor any; int32, int64 or uint8, counting from 1
---@param value dwconv.Tensor|number|boolean|table a number, a boolean, a table or a tensor, which stretches to x[indices]
---@return dwconv.Tensor # x
function Tensor:put_rows(indices, value) end

--- 1 with probability p, from 0 to 1, else 0.
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64", p?: number, seed?: integer }
---@return dwconv.Tensor # shape
function K.random_binomial(shape, o) end

--- Normally distributed random numbers.
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64", mean?: number, seed?: integer, stddev?: number }
---@return dwconv.Tensor # shape
function K.random_normal(shape, o) end

--- Normally distributed random numbers.
---@param shape integer[] a table of sizes
---@param mean number a number
---@param scale number a number
---@param o? { dtype?: "float32"|"float64", seed?: integer }
---@return dwconv.Tensor # shape
function K.random_normal_variable(shape, mean, scale, o) end

--- Where the state's random stream is: {seed, count}, for dw.set_random_state.
---@return integer[] # a table of two whole numbers
function dw.random_state() end

--- Uniform random numbers: not below minval, below maxval.
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64", maxval?: number, minval?: number, seed?: integer }
---@return dwconv.Tensor # shape
function K.random_uniform(shape, o) end

--- Uniform random numbers: not below low, below high.
---@param shape integer[] a table of sizes
---@param low number a number
---@param high number a number
---@param o? { dtype?: "float32"|"float64", seed?: integer }
---@return dwconv.Tensor # shape
function K.random_uniform_variable(shape, low, high, o) end

--- Calls f(...) while a new tape records; gives the tape, then f's results. An error in f passes through.
---@param f function a function
---@param ... any
---@return dwconv.Tape # the tape, then f's results
---@return any ...
function dw.record(f, ...) end

--- Helper of the gradient of cumprod: along an axis y_i = a_i + b_i * y_(i-1), from y_1 = a_1 on; 0 times any b_i is 0.
---@param a dwconv.Tensor any numbers
---@param b dwconv.Tensor a's; its first along the axis is not read
---@param o? { axis?: integer }
---@return dwconv.Tensor # a's
function K.recurrence(a, b, o) end

--- x above the threshold and 0 elsewhere, clipped to 0..max_value if there is one; alpha*(x - threshold) is added where x is below the threshold.
---@param x dwconv.Tensor any numbers
---@param o? { alpha?: number, max_value?: number, threshold?: number }
---@return dwconv.Tensor # x's
function K.relu(x, o) end

--- x above the threshold and 0 elsewhere, clipped to 0..max_value if there is one; alpha*(x - threshold) is added where x is below the threshold.
---@param o? { alpha?: number, max_value?: number, threshold?: number }
---@return dwconv.Tensor # x's
function Tensor:relu(o) end

--- Each row of x, n times: K["repeat"], which Lua cannot write as K.repeat.
---@param x dwconv.Tensor b,d
---@param n integer a whole number
---@return dwconv.Tensor # b,n,d
function K.repeat_(x, n) end

K["repeat"] = K.repeat_

--- Each slice along an axis, rep times in place; or each its own number of times.
---@param x dwconv.Tensor any
---@param rep integer|integer[]|dwconv.Tensor a whole number, or a table or tensor of them, one for each slice
---@param axis integer an axis, from 1 or -1 back
---@return dwconv.Tensor # x's, the axis rep times as long
function K.repeat_elements(x, rep, axis) end

--- Lets get_uid count from 1 again.
function K.reset_uids() end

--- The numbers of x in row-major order in another shape; one size may be -1, for what is left over. A view where that is possible. Where an empty x gets an empty shape, -1 is what it would be if axes of size 0 had size 1.
---@param x dwconv.Tensor any
---@param shape integer[] a table of sizes with as many elements as x
---@return dwconv.Tensor # shape
function K.reshape(x, shape) end

--- The numbers of x in row-major order in another shape; one size may be -1, for what is left over. A view where that is possible. Where an empty x gets an empty shape, -1 is what it would be if axes of size 0 had size 1.
---@param shape integer[] a table of sizes with as many elements as x
---@return dwconv.Tensor # shape
function Tensor:reshape(shape) end

--- Images, or lines or volumes, of the given size. Pixel centres lie at halves: output i of n is at (i - 1/2) * from / n of an axis that had `from` pixels. "bilinear" interpolates linearly along each axis between the centres of pixels, without antialiasing, and repeats the outermost ones; "nearest" takes the pixel that the centre lies in. Whole numbers stay what they are for "nearest", and become K.floatx() for "bilinear".
---@param x dwconv.Tensor n,w,c or n,h,w,c or n,d,h,w,c; with channels_first c is the second axis
---@param size integer|integer[] a size for all axes, or a table of sizes
---@param o? { data_format?: "channels_last"|"channels_first", interpolation?: "nearest"|"bilinear" }
---@return dwconv.Tensor # x's, of the given size
function K.resize(x, size, o) end

--- Images, or lines or volumes, of the given size. Pixel centres lie at halves: output i of n is at (i - 1/2) * from / n of an axis that had `from` pixels. "bilinear" interpolates linearly along each axis between the centres of pixels, without antialiasing, and repeats the outermost ones; "nearest" takes the pixel that the centre lies in. Whole numbers stay what they are for "nearest", and become K.floatx() for "bilinear".
---@param size integer|integer[] a size for all axes, or a table of sizes
---@param o? { data_format?: "channels_last"|"channels_first", interpolation?: "nearest"|"bilinear" }
---@return dwconv.Tensor # x's, of the given size
function Tensor:resize(size, o) end

--- The gradient of resize with respect to x, given g, the gradient with respect to its result, and the size that x had.
---@param g dwconv.Tensor the result's; float32 or float64
---@param size integer|integer[] a size for all axes, or a table of sizes
---@param o? { data_format?: "channels_last"|"channels_first", interpolation?: "nearest"|"bilinear" }
---@return dwconv.Tensor # g's, of the given size
function K.resize_grad_x(g, size, o) end

--- Images height_factor times as high and width_factor times as wide, as resize makes them.
---@param x dwconv.Tensor n,h,w,c (channels_last) or n,c,h,w (channels_first)
---@param height_factor integer a whole number from 1 to 2147483648
---@param width_factor integer a whole number from 1 to 2147483648
---@param data_format "channels_last"|"channels_first" the layout of x
---@param o? { interpolation?: "nearest"|"bilinear" }
---@return dwconv.Tensor # x's, larger
function K.resize_images(x, height_factor, width_factor, data_format, o) end

--- Images height_factor times as high and width_factor times as wide, as resize makes them.
---@param height_factor integer a whole number from 1 to 2147483648
---@param width_factor integer a whole number from 1 to 2147483648
---@param data_format "channels_last"|"channels_first" the layout of x
---@param o? { interpolation?: "nearest"|"bilinear" }
---@return dwconv.Tensor # x's, larger
function Tensor:resize_images(height_factor, width_factor, data_format, o) end

--- Volumes with each number repeated depth_factor times along the depth, and so on.
---@param x dwconv.Tensor n,d,h,w,c (channels_last) or n,c,d,h,w (channels_first)
---@param depth_factor integer a whole number from 1 to 2147483648
---@param height_factor integer a whole number from 1 to 2147483648
---@param width_factor integer a whole number from 1 to 2147483648
---@param data_format "channels_last"|"channels_first" the layout of x
---@return dwconv.Tensor # x's, larger
function K.resize_volumes(x, depth_factor, height_factor, width_factor, data_format) end

--- Volumes with each number repeated depth_factor times along the depth, and so on.
---@param depth_factor integer a whole number from 1 to 2147483648
---@param height_factor integer a whole number from 1 to 2147483648
---@param width_factor integer a whole number from 1 to 2147483648
---@param data_format "channels_last"|"channels_first" the layout of x
---@return dwconv.Tensor # x's, larger
function Tensor:resize_volumes(depth_factor, height_factor, width_factor, data_format) end

--- x with the order along each of the axes reversed. A view of the same numbers.
---@param x dwconv.Tensor any
---@param axes integer|integer[] an axis or a table of axes, from 1 or -1 back
---@return dwconv.Tensor # x's
function K.reverse(x, axes) end

--- x with the order along each of the axes reversed. A view of the same numbers.
---@param axes integer|integer[] an axis or a table of axes, from 1 or -1 back
---@return dwconv.Tensor # x's
function Tensor:reverse(axes) end

--- One step of RMSprop. r follows g*g, and mean, if it is given, g, by the share 1 - rho; d is r, or r - mean*mean. Without a velocity w - learning_rate*g / (sqrt(d) + epsilon), else w - velocity, which becomes momentum*velocity + learning_rate*g / sqrt(d + epsilon). Before that g is multiplied by scale and brought to -clip..clip, and the share decay of w taken off.
---@param w dwconv.Tensor the weights; float32 or float64
---@param g dwconv.Tensor their gradient; w's
---@param r dwconv.Tensor w's
---@param mean? dwconv.Tensor w's, or nil
---@param velocity? dwconv.Tensor w's, or nil
---@param o? { clip?: number, decay?: number, epsilon?: number, learning_rate?: number, momentum?: number, rho?: number, scale?: number }
---@return dwconv.Tensor # w itself
function K.rmsprop_update(w, g, r, mean, velocity, o) end

--- Calls step_function(input, states) for each step of time of the inputs: states is a table of the states, at first initial_states, then the constants; it gives the output and a table of the next states. The results are the last output, all outputs in the order in which they were made, and the last states. Where the mask is false, or after a sample's input_length, the states stay, and the output is the one before (0 at first, or always with zero_output_for_mask).
---@param step_function function a function of an input n,... and a table
---@param inputs dwconv.Tensor n,time,...; time,n,... for time_major
---@param initial_states dwconv.Tensor[] a table of tensors n,...; it may be empty
---@param o? { constants?: dwconv.Tensor[], go_backwards?: boolean, input_length?: dwconv.Tensor|integer, mask?: dwconv.Tensor, time_major?: boolean, unroll?: boolean, zero_output_for_mask?: boolean }
---@return dwconv.Tensor # n,..., n,time,...; time,n,... for time_major, a table of the last states
---@return dwconv.Tensor
---@return dwconv.Tensor[]
function K.rnn(step_function, inputs, initial_states, o) end

--- x rolled along an axis: what leaves at its end comes in at its beginning; a negative shift goes the other way. Tables of shifts and axes go together; without an axis the numbers are turned as one row.
---@param x dwconv.Tensor any
---@param shift integer|integer[] a whole number, or a table of them, one for each axis
---@param o? { axis?: integer|integer[] }
---@return dwconv.Tensor # x's
function K.roll(x, shift, o) end

--- x rolled along an axis: what leaves at its end comes in at its beginning; a negative shift goes the other way. Tables of shifts and axes go together; without an axis the numbers are turned as one row.
---@param shift integer|integer[] a whole number, or a table of them, one for each axis
---@param o? { axis?: integer|integer[] }
---@return dwconv.Tensor # x's
function Tensor:roll(shift, o) end

--- The nearest whole number, or the even one of two equally near; whole numbers stay. Its gradient is 0.
---@param x dwconv.Tensor any numbers
---@return dwconv.Tensor # x's
function K.round(x) end

--- The nearest whole number, or the even one of two equally near; whole numbers stay. Its gradient is 0.
---@return dwconv.Tensor # x's
function Tensor:round() end

--- 1 / sqrt(x): inf of 0, -inf of -0.0, NaN below, where sqrt is clipped at 0.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.rsqrt(x) end

--- 1 / sqrt(x): inf of 0, -inf of -0.0, NaN below, where sqrt is clipped at 0.
---@return dwconv.Tensor # x's
function Tensor:rsqrt() end

--- Reads a .safetensors file: a table of its tensors by name, and a table of the texts that its __metadata__ holds. Of the format's dtypes F32, F64, I32, I64, U8 and BOOL are read as they are, F16 and BF16 as float32. Everything that the header claims is checked before the first tensor is made. Ctrl-C stops it.
---@param path string a string
---@return table<string, dwconv.Tensor> # tensors by name, texts by name
---@return table<string, string>
function dw.io.safetensors.read(path) end

--- Writes tensors by name as a .safetensors file, sorted as the format's reference does: by dtype, then by name. metadata is a table of texts by name. The file replaces an older one when it is complete, whose mode and owner it keeps; symbolic links are followed. Ctrl-C stops it.
---@param path string a string
---@param tensors table<string, dwconv.Tensor> tensors by name
---@param o? { metadata?: table<string, string> }
function dw.io.safetensors.write(path, tensors, o) end

--- The gradient of gather: n rows of zeros, to which rows are added at their indices.
---@param rows dwconv.Tensor the indices', then a row's
---@param indices dwconv.Tensor any; int32, int64 or uint8, counting from 1
---@param n integer a whole number of at least 0
---@return dwconv.Tensor # n, a row's
function K.scatter(rows, indices, n) end

--- Starts the state's random stream anew.
---@param n integer a whole number
function dw.seed(n) end

--- The part at one index of an axis, without that axis; a tensor even if it holds one number.
---@param x dwconv.Tensor any
---@param axis integer an axis, from 1 or -1 back
---@param index integer an index, from 1 or -1 back
---@return dwconv.Tensor # x's without the axis
function K.select(x, axis, index) end

--- The part at one index of an axis, without that axis; a tensor even if it holds one number.
---@param axis integer an axis, from 1 or -1 back
---@param index integer an index, from 1 or -1 back
---@return dwconv.Tensor # x's without the axis
function Tensor:select(axis, index) end

--- scale*x above 0, scale*alpha*(exp(x) - 1) elsewhere, of scale = 1.0507 and alpha = 1.6733: elu, scaled so that layers of it keep mean 0 and variance 1.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.selu(x) end

--- scale*x above 0, scale*alpha*(exp(x) - 1) elsewhere, of scale = 1.0507 and alpha = 1.6733: elu, scaled so that layers of it keep mean 0 and variance 1.
---@return dwconv.Tensor # x's
function Tensor:selu() end

--- A depthwise convolution, to which the options apply, and then a convolution with a kernel of one tap: depthwise_conv1d and conv1d in one.
---@param x dwconv.Tensor n,w,c or n,c,w; float32 or float64
---@param depthwise_kernel dwconv.Tensor kw,c,m; of x's dtype
---@param pointwise_kernel dwconv.Tensor 1,c*m,cout; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], strides?: integer|integer[] }
---@return dwconv.Tensor # n,ow,cout or n,cout,ow
function K.separable_conv1d(x, depthwise_kernel, pointwise_kernel, o) end

--- A depthwise convolution, to which the options apply, and then a convolution with a kernel of one tap: depthwise_conv1d and conv1d in one.
---@param depthwise_kernel dwconv.Tensor kw,c,m; of x's dtype
---@param pointwise_kernel dwconv.Tensor 1,c*m,cout; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], strides?: integer|integer[] }
---@return dwconv.Tensor # n,ow,cout or n,cout,ow
function Tensor:separable_conv1d(depthwise_kernel, pointwise_kernel, o) end

--- A depthwise convolution, to which the options apply, and then a convolution with a kernel of one tap: depthwise_conv2d and conv2d in one.
---@param x dwconv.Tensor n,h,w,c or n,c,h,w; float32 or float64
---@param depthwise_kernel dwconv.Tensor kh,kw,c,m; of x's dtype
---@param pointwise_kernel dwconv.Tensor 1,1,c*m,cout; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # n,oh,ow,cout or n,cout,oh,ow
function K.separable_conv2d(x, depthwise_kernel, pointwise_kernel, o) end

--- A depthwise convolution, to which the options apply, and then a convolution with a kernel of one tap: depthwise_conv2d and conv2d in one.
---@param depthwise_kernel dwconv.Tensor kh,kw,c,m; of x's dtype
---@param pointwise_kernel dwconv.Tensor 1,1,c*m,cout; of x's dtype
---@param o? { data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], padding?: "valid"|"same"|integer[][], strides?: integer|integer[] }
---@return dwconv.Tensor # n,oh,ow,cout or n,cout,oh,ow
function Tensor:separable_conv2d(depthwise_kernel, pointwise_kernel, o) end

--- Sets K.epsilon().
---@param value number a number
function K.set_epsilon(value) end

--- Sets K.floatx().
---@param value "float32"|"float64" "float32" or "float64"
function K.set_floatx(value) end

--- Sets K.image_data_format().
---@param value "channels_last"|"channels_first" "channels_last" or "channels_first"
function K.set_image_data_format(value) end

--- Sets the learning phase.
---@param value integer|boolean 0, 1 or a boolean
function K.set_learning_phase(value) end

--- Sets K.memory_limit(); nil stands for what the machine has left.
---@param value? integer a whole number of bytes, or nil
function K.set_memory_limit(value) end

--- Puts the state's random stream where dw.random_state said that it was.
---@param state integer[] {seed, count}, two whole numbers, as dw.random_state() gives them
function dw.set_random_state(state) end

--- Writes value into x, converted to x's dtype.
---@param x dwconv.Tensor a tensor
---@param value dwconv.Tensor|number|boolean|table a nested table, a number, a boolean or a tensor, of x's shape
function K.set_value(x, value) end

--- One step of gradient descent: w - learning_rate*g; with a velocity, which becomes momentum*velocity - learning_rate*g, w + velocity, or, for nesterov, w + momentum*velocity - learning_rate*g. Before that g is multiplied by scale and brought to -clip..clip, and the share decay of w taken off.
---@param w dwconv.Tensor the weights; float32 or float64
---@param g dwconv.Tensor their gradient; w's
---@param velocity? dwconv.Tensor w's, or nil
---@param o? { clip?: number, decay?: number, learning_rate?: number, momentum?: number, nesterov?: boolean, scale?: number }
---@return dwconv.Tensor # w itself
function K.sgd_update(w, g, velocity, o) end

--- The shape of x, as a tensor: int32, or int64 where a size does not fit.
---@param x dwconv.Tensor a tensor
---@return dwconv.Tensor # a tensor of sizes
function K.shape(x) end

--- Prints a tensor as a picture in the terminal: (h,w) and (h,w,1) in grey, (h,w,3) and (h,w,4) in colour, (h,w,n) as n grey tiles; of four axes (n,h,w,c) as tiles of samples, for each channel one unless there are 3 or 4, or a kernel (kh,kw,c,m) as tiles of its channels. Tiles are numbered from 1; those that there is no room for are counted below. kind says what a tensor of four axes is; left out, it is taken for a kernel if its first two axes are at most 11, unless its second and third are equal and at least 8. With channels_first pictures are (c,h,w) and (n,c,h,w). uint8 is shown as it is, false black and true white, other numbers from their least to their greatest, over all tiles, or with each = true for each tile; range says from where to where instead, which works for uint8, too. Kernels are shown in a diverging map, blue below 0, white at 0, red above. The least and greatest number are printed below, and how many are NaN (magenta) or infinite (green). values = true prints the numbers in the picture, or below it if they are many. Pictures are no wider than the terminal or `width`, in columns, and no higher than its rows; large ones are averaged, small ones have squares for pixels. How it is drawn, unless graphics or DWCONV_GRAPHICS in the environment says so: the terminal is asked once whether it has kitty's protocol or sixels, which takes some milliseconds (half a second if it never answers); else half blocks in 24-bit or 256 colours; a ramp of letters without UTF-8, for TERM=dumb and with NO_COLOR; where standard output is no terminal, one line of text. What was typed before the terminal is asked stays for the script, and it is asked the next time; keys pressed while it is asked are lost.
---@param t dwconv.Tensor h,w, h,w,c, n,h,w,c or kh,kw,c,m
---@param o? { colours?: "grey"|"diverging"|"heat", data_format?: "channels_last"|"channels_first", each?: boolean, graphics?: "kitty"|"sixel"|"blocks"|"256"|"ascii"|"none", kind?: "images"|"kernel", range?: number[], values?: boolean, width?: integer }
function dw.show(t, o) end

--- 1 / (1 + exp(-x)).
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.sigmoid(x) end

--- 1 / (1 + exp(-x)).
---@return dwconv.Tensor # x's
function Tensor:sigmoid() end

--- The derivative of sigmoid: s*(1 - s) of s = sigmoid(x), with all its digits where that is near 1.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.sigmoid_slope(x) end

--- -1, 0 or 1; NaN stays. Its gradient is 0.
---@param x dwconv.Tensor any numbers
---@return dwconv.Tensor # x's
function K.sign(x) end

--- -1, 0 or 1; NaN stays. Its gradient is 0.
---@return dwconv.Tensor # x's
function Tensor:sign() end

--- x * sigmoid(x), also known as swish; 0 at -inf.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.silu(x) end

--- x * sigmoid(x), also known as swish; 0 at -inf.
---@return dwconv.Tensor # x's
function Tensor:silu() end

--- The derivative of silu.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.silu_slope(x) end

--- The sine of x in radians.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.sin(x) end

--- The sine of x in radians.
---@return dwconv.Tensor # x's
function Tensor:sin() end

--- The hyperbolic sine.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.sinh(x) end

--- The hyperbolic sine.
---@return dwconv.Tensor # x's
function Tensor:sinh() end

--- exp(x) over the sum of exp(x) along an axis, without overflow. NaN anywhere in a line makes all of it NaN.
---@param x dwconv.Tensor float32 or float64
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function K.softmax(x, o) end

--- exp(x) over the sum of exp(x) along an axis, without overflow. NaN anywhere in a line makes all of it NaN.
---@param o? { axis?: integer }
---@return dwconv.Tensor # x's
function Tensor:softmax(o) end

--- log(1 + exp(x)), without overflow and with all its digits.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.softplus(x) end

--- log(1 + exp(x)), without overflow and with all its digits.
---@return dwconv.Tensor # x's
function Tensor:softplus() end

--- x / (1 + |x|); -1 and 1 at the infinities.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.softsign(x) end

--- x / (1 + |x|); -1 and 1 at the infinities.
---@return dwconv.Tensor # x's
function Tensor:softsign() end

--- The elements along an axis in sorted order; NaN comes last.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer, direction?: "ascending"|"descending" }
---@return dwconv.Tensor # x's
function K.sort(x, o) end

--- The elements along an axis in sorted order; NaN comes last.
---@param o? { axis?: integer, direction?: "ascending"|"descending" }
---@return dwconv.Tensor # x's
function Tensor:sort(o) end

--- -log(output) of the class that target names, from 1 on, along the axis of the classes. Probabilities are clipped to epsilon..1 - epsilon and then divided by their sum; through what is clipped no gradient flows.
---@param target dwconv.Tensor output's without the axis, or 1 there; numbers, cast to whole ones
---@param output dwconv.Tensor any; float32 or float64
---@param o? { axis?: integer, from_logits?: boolean }
---@return dwconv.Tensor # output's without the axis
function K.sparse_categorical_crossentropy(target, output, o) end

--- Images with zeros around them.
---@param x dwconv.Tensor n,h,w,c (channels_last) or n,c,h,w (channels_first)
---@param o? { data_format?: "channels_last"|"channels_first", padding?: integer|integer[][] }
---@return dwconv.Tensor # x's, grown
function K.spatial_2d_padding(x, o) end

--- Images with zeros around them.
---@param o? { data_format?: "channels_last"|"channels_first", padding?: integer|integer[][] }
---@return dwconv.Tensor # x's, grown
function Tensor:spatial_2d_padding(o) end

--- Volumes with zeros around them.
---@param x dwconv.Tensor n,d,h,w,c (channels_last) or n,c,d,h,w (channels_first)
---@param o? { data_format?: "channels_last"|"channels_first", padding?: integer|integer[][] }
---@return dwconv.Tensor # x's, grown
function K.spatial_3d_padding(x, o) end

--- Volumes with zeros around them.
---@param o? { data_format?: "channels_last"|"channels_first", padding?: integer|integer[][] }
---@return dwconv.Tensor # x's, grown
function Tensor:spatial_3d_padding(o) end

--- x cut along an axis into views: into a number of equal parts, or into parts of the given sizes, one of which may be -1 for what is left. The parts are several results, of which { K.split(...) } makes a table.
---@param x dwconv.Tensor any
---@param sizes integer|integer[] a whole number or a table of whole numbers
---@param o? { axis?: integer }
---@return dwconv.Tensor ... # the parts
function K.split(x, sizes, o) end

--- x cut along an axis into views: into a number of equal parts, or into parts of the given sizes, one of which may be -1 for what is left. The parts are several results, of which { K.split(...) } makes a table.
---@param sizes integer|integer[] a whole number or a table of whole numbers
---@param o? { axis?: integer }
---@return dwconv.Tensor ... # the parts
function Tensor:split(sizes, o) end

--- The square root, 0 for negative x. Its gradient is infinite at 0 and 0 below.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.sqrt(x) end

--- The square root, 0 for negative x. Its gradient is infinite at 0 and 0 below.
---@return dwconv.Tensor # x's
function Tensor:sqrt() end

--- x * x.
---@param x dwconv.Tensor any numbers
---@return dwconv.Tensor # x's
function K.square(x) end

--- x * x.
---@return dwconv.Tensor # x's
function Tensor:square() end

--- A view without an axis of size 1; without all of them for nil.
---@param x dwconv.Tensor any
---@param axis? integer an axis of size 1, from 1 or -1 back, or nil
---@return dwconv.Tensor # x's without the axis
function K.squeeze(x, axis) end

--- A view without an axis of size 1; without all of them for nil.
---@param axis? integer an axis of size 1, from 1 or -1 back, or nil
---@return dwconv.Tensor # x's without the axis
function Tensor:squeeze(axis) end

--- Tensors of one shape along a new axis.
---@param x dwconv.Tensor[] a table of tensors of one shape
---@param o? { axis?: integer }
---@return dwconv.Tensor # theirs, with the new axis
function K.stack(x, o) end

--- The standard deviation over the axes, the root of var. Where it is 0, its gradient is given as 0. Computed in float64, rounded once; whole numbers and bools give K.floatx(). NaN over no elements.
---@param x dwconv.Tensor any
---@param o? { axis?: integer|integer[], correction?: number, keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.std(x, o) end

--- The standard deviation over the axes, the root of var. Where it is 0, its gradient is given as 0. Computed in float64, rounded once; whole numbers and bools give K.floatx(). NaN over no elements.
---@param o? { axis?: integer|integer[], correction?: number, keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:std(o) end

--- The same numbers, through which no gradient flows; a table of tensors gives a table.
---@param variables dwconv.Tensor|dwconv.Tensor[] a tensor or a table of tensors
---@return dwconv.Tensor|dwconv.Tensor[] # the same
function K.stop_gradient(variables) end

--- The same numbers, through which no gradient flows; a table of tensors gives a table.
---@return dwconv.Tensor|dwconv.Tensor[] # the same
function Tensor:stop_gradient() end

--- The numbers of x, in row-major order, from number `first` on: along axis i of the result every strides[i]-th. A view of the same numbers. A stride of 0 repeats a number; else no two indices may share one.
---@param x dwconv.Tensor any, in row-major order
---@param shape integer[] a table of sizes
---@param strides integer[] a table of whole numbers
---@param first integer a whole number, from 1
---@return dwconv.Tensor # shape
function K.strided(x, shape, strides, first) end

--- a - b.
---@param a dwconv.Tensor|number a tensor, or a number beside one
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function K.subtract(a, b) end

--- a - b.
---@param b dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # both, broadcast
function Tensor:subtract(b) end

--- The sum over the axes; over all of them if none is given. Floats are summed in float64, by fours.
---@param x dwconv.Tensor any numbers
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.sum(x, o) end

--- The sum over the axes; over all of them if none is given. Floats are summed in float64, by fours.
---@param o? { axis?: integer|integer[], keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:sum(o) end

--- The sum of the squares of all numbers, made in float64.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # ()
function K.sum_of_squares(x) end

--- The gradient of broadcasting: x summed over the axes along which a tensor of the shape stretches to x's.
---@param x dwconv.Tensor any numbers
---@param shape integer[] a table of sizes that broadcasts to x's
---@return dwconv.Tensor # shape
function K.sum_to(x, shape) end

--- Swaps axes a and b of x. A view of the same numbers.
---@param x dwconv.Tensor any
---@param a integer an axis, from 1 or -1 back
---@param b integer an axis, from 1 or -1 back
---@return dwconv.Tensor # x's, with the two swapped
function K.swapaxes(x, a, b) end

--- then_expression where condition is true (a number: not 0), else else_expression. A condition of one element picks one of them whole, and of functions calls only that one; otherwise the choice is number by number.
---@param condition dwconv.Tensor|number|boolean a tensor, a number or a boolean
---@param then_expression dwconv.Tensor|number|function a tensor, a number or a function
---@param else_expression dwconv.Tensor|number|function a tensor, a number or a function
---@return dwconv.Tensor|number # the branches'
function K.switch(condition, then_expression, else_expression) end

--- The elements at the indices along an axis; each line has its own indices.
---@param x dwconv.Tensor any
---@param indices dwconv.Tensor x's but on the axis; int32, int64 or uint8, counting from 1
---@param axis integer an axis, from 1 or -1 back
---@return dwconv.Tensor # the indices'
function K.take_along_axis(x, indices, axis) end

--- The tangent of x in radians.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.tan(x) end

--- The tangent of x in radians.
---@return dwconv.Tensor # x's
function Tensor:tan() end

--- The hyperbolic tangent.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.tanh(x) end

--- The hyperbolic tangent.
---@return dwconv.Tensor # x's
function Tensor:tanh() end

--- The derivative of tanh: 1 - t*t of t = tanh(x), with all its digits where that is near 1.
---@param x dwconv.Tensor any; float32 or float64
---@return dwconv.Tensor # x's
function K.tanh_slope(x) end

--- x with zeros before and after it along the second axis, which is time.
---@param x dwconv.Tensor n,steps,c
---@param o? { padding?: integer|integer[] }
---@return dwconv.Tensor # x's, grown
function K.temporal_padding(x, o) end

--- x with zeros before and after it along the second axis, which is time.
---@param o? { padding?: integer|integer[] }
---@return dwconv.Tensor # x's, grown
function Tensor:temporal_padding(o) end

--- A tensor from a nested table, a number or a boolean; a copy when given a tensor. A table of booleans is bool.
---@param data dwconv.Tensor|number|boolean|table a nested table, a number, a boolean or a tensor
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # the table's
function dw.tensor(data, o) end

--- x repeated as a whole, n[i] times along axis i; a number stands for {n}.
---@param x dwconv.Tensor any
---@param n integer|integer[] a whole number, or a table of them, one for each axis
---@return dwconv.Tensor # x's times n
function K.tile(x, n) end

--- x repeated as a whole, n[i] times along axis i; a number stands for {n}.
---@param n integer|integer[] a whole number, or a table of them, one for each axis
---@return dwconv.Tensor # x's times n
function Tensor:tile(n) end

--- The k largest elements along an axis, largest first, or the k least, least first, and their positions; of equal ones the first. NaN comes last.
---@param x dwconv.Tensor any numbers
---@param k integer a whole number, not above the axis
---@param o? { axis?: integer, largest?: boolean }
---@return dwconv.Tensor # x's, the axis of size k, and their positions; int64
---@return dwconv.Tensor
function K.top_k(x, k, o) end

--- The k largest elements along an axis, largest first, or the k least, least first, and their positions; of equal ones the first. NaN comes last.
---@param k integer a whole number, not above the axis
---@param o? { axis?: integer, largest?: boolean }
---@return dwconv.Tensor # x's, the axis of size k, and their positions; int64
---@return dwconv.Tensor
function Tensor:top_k(k, o) end

--- The sum of the main diagonal over the last two axes.
---@param x dwconv.Tensor ...,n,m; numbers
---@return dwconv.Tensor # x's without the last two
function K.trace(x) end

--- The sum of the main diagonal over the last two axes.
---@return dwconv.Tensor # x's without the last two
function Tensor:trace() end

--- Reverses the axes of x. A view of the same numbers. As a method, t:transpose(a, b) swaps two axes.
---@param x dwconv.Tensor any
---@return dwconv.Tensor # x's, reversed
function K.transpose(x) end

--- Lower triangles: x at and below a diagonal of the last two axes, 0 elsewhere, whatever was there. k is an offset: 0 is the main diagonal, 1 the one to its right, -1 the one below.
---@param x dwconv.Tensor ...,n,m
---@param o? { k?: integer }
---@return dwconv.Tensor # x's
function K.tril(x, o) end

--- Lower triangles: x at and below a diagonal of the last two axes, 0 elsewhere, whatever was there. k is an offset: 0 is the main diagonal, 1 the one to its right, -1 the one below.
---@param o? { k?: integer }
---@return dwconv.Tensor # x's
function Tensor:tril(o) end

--- Upper triangles: x at and above a diagonal of the last two axes, 0 elsewhere, whatever was there. k is an offset: 0 is the main diagonal, 1 the one to its right, -1 the one below.
---@param x dwconv.Tensor ...,n,m
---@param o? { k?: integer }
---@return dwconv.Tensor # x's
function K.triu(x, o) end

--- Upper triangles: x at and above a diagonal of the last two axes, 0 elsewhere, whatever was there. k is an offset: 0 is the main diagonal, 1 the one to its right, -1 the one below.
---@param o? { k?: integer }
---@return dwconv.Tensor # x's
function Tensor:triu(o) end

--- x without the digits after the point: the nearest whole number towards 0. Its gradient is 0.
---@param x dwconv.Tensor any numbers
---@return dwconv.Tensor # x's
function K.trunc(x) end

--- x without the digits after the point: the nearest whole number towards 0. Its gradient is 0.
---@return dwconv.Tensor # x's
function Tensor:trunc() end

--- Normally distributed random numbers, none further than two stddev from the mean.
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64", mean?: number, seed?: integer, stddev?: number }
---@return dwconv.Tensor # shape
function K.truncated_normal(shape, o) end

--- Uniform random numbers: not below minval, below maxval.
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64", maxval?: number, minval?: number, seed?: integer }
---@return dwconv.Tensor # shape
function dw.uniform(shape, o) end

--- Writes new_x into x.
---@param x dwconv.Tensor a tensor
---@param new_x dwconv.Tensor|number a tensor of x's shape and dtype, or a number
---@return dwconv.Tensor # x itself
function K.update(x, new_x) end

--- Adds increment to x in place.
---@param x dwconv.Tensor a tensor
---@param increment dwconv.Tensor|number a tensor that broadcasts to x's shape, or a number
---@return dwconv.Tensor # x itself
function K.update_add(x, increment) end

--- Subtracts decrement from x in place.
---@param x dwconv.Tensor a tensor
---@param decrement dwconv.Tensor|number a tensor that broadcasts to x's shape, or a number
---@return dwconv.Tensor # x itself
function K.update_sub(x, decrement) end

--- The variance over the axes, divided by n - correction; NaN where that is not above 0. Computed in float64, rounded once; whole numbers and bools give K.floatx(). NaN over no elements.
---@param x dwconv.Tensor any
---@param o? { axis?: integer|integer[], correction?: number, keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function K.var(x, o) end

--- The variance over the axes, divided by n - correction; NaN where that is not above 0. Computed in float64, rounded once; whole numbers and bools give K.floatx(). NaN over no elements.
---@param o? { axis?: integer|integer[], correction?: number, keepdims?: boolean }
---@return dwconv.Tensor # x's without the axes, or with size 1 there for keepdims
function Tensor:var(o) end

--- A new tensor from a nested table, a number or a tensor, to be changed in place by K.update and the like.
---@param value dwconv.Tensor|number|boolean|table a nested table, a number, a boolean or a tensor
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # value's shape
function K.variable(value, o) end

--- x where condition is true, else y.
---@param condition dwconv.Tensor|boolean bool; any shape that broadcasts
---@param x dwconv.Tensor|number a tensor, or a number beside one
---@param y dwconv.Tensor|number a tensor, or a number beside one
---@return dwconv.Tensor # all, broadcast
function K.where(condition, x, y) end

--- Zeros of a shape.
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # shape
function K.zeros(shape, o) end

--- Zeros of a shape.
---@param shape integer[] a table of sizes
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # shape
function dw.zeros(shape, o) end

--- Zeros in the shape of x.
---@param x dwconv.Tensor a tensor, whose dtype is the default
---@param o? { dtype?: "float32"|"float64"|"int32"|"int64"|"uint8"|"bool" }
---@return dwconv.Tensor # x's
function K.zeros_like(x, o) end

dw.layers = {}

--- An activation by its name, such as "relu", or a function of a tensor.
---@param o? { [integer]: any, activation?: string|function, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Activation(o) end

--- x as it is; l1 times the sum of |x| and l2 times that of x squared, over the batch, are added to the loss.
---@param o? { [integer]: any, l1?: number, l2?: number, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.ActivityRegularization(o) end

--- The sum of its inputs.
---@param o? { [integer]: any, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Add(o) end

--- While training, numbers are set to what selu tends to below, and all are scaled and shifted so that mean 0 and variance 1 stay. noise_shape is as in Dropout.
---@param o? { [integer]: any, rate?: number, noise_shape?: integer[], seed?: integer, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.AlphaDropout(o) end

--- The average of its inputs.
---@param o? { [integer]: any, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Average(o) end

--- The average of windows of pool_size, channel by channel, which are strides apart: pool_size if left out.
---@param o? { [integer]: any, pool_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.AveragePooling1D(o) end

--- The average of windows of pool_size, channel by channel, which are strides apart: pool_size if left out.
---@param o? { [integer]: any, pool_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[][], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.AveragePooling2D(o) end

--- The average of windows of pool_size, channel by channel, which are strides apart: pool_size if left out.
---@param o? { [integer]: any, pool_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[][], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.AveragePooling3D(o) end

--- Each channel normalized over the batch while training, and by moving averages of its mean and variance else. A layer that is not trainable uses the averages while training, too. Weights: gamma, beta, moving_mean, moving_variance, a number for each channel; gamma is missing with scale = false, beta with center = false.
---@param o? { [integer]: any, axis?: integer, momentum?: number, epsilon?: number, beta_constraint?: table|string, beta_initializer?: table|string, beta_regularizer?: table|string, center?: boolean, dtype?: "float32"|"float64", gamma_constraint?: table|string, gamma_initializer?: table|string, gamma_regularizer?: table|string, input_shape?: integer[], moving_mean_initializer?: table|string, moving_variance_initializer?: table|string, name?: string, scale?: boolean, trainable?: boolean }
---@return table
function dw.layers.BatchNormalization(o) end

--- The middle of images n,h,w,c; images that are smaller are resized, as by Resizing with crop_to_aspect_ratio.
---@param o? { [integer]: any, height?: integer, width?: integer, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.CenterCrop(o) end

--- Its inputs one after another along an axis, which counts the batch as axis 1.
---@param o? { [integer]: any, axis?: integer, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Concatenate(o) end

--- Convolution with `filters` kernels of kernel_size, then a bias and an activation. groups splits channels and filters into parts that do not see each other. Weights: kernel (kw,channels/groups,filters), bias (filters).
---@param o? { [integer]: any, filters?: integer, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, dtype?: "float32"|"float64", groups?: integer, input_shape?: integer[], kernel_constraint?: table|string, kernel_initializer?: table|string, kernel_regularizer?: table|string, name?: string, trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.Conv1D(o) end

--- Transposed convolution, which makes images larger by strides: every number of x is spread over a window of the result. Then a bias and an activation. output_padding says how many further positions the result has at its end. Weights: kernel (kw,filters,channels), bias (filters).
---@param o? { [integer]: any, filters?: integer, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[], data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, dtype?: "float32"|"float64", input_shape?: integer[], kernel_constraint?: table|string, kernel_initializer?: table|string, kernel_regularizer?: table|string, name?: string, output_padding?: integer|integer[], trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.Conv1DTranspose(o) end

--- Convolution with `filters` kernels of kernel_size, then a bias and an activation. groups splits channels and filters into parts that do not see each other. Weights: kernel (kh,kw,channels/groups,filters), bias (filters).
---@param o? { [integer]: any, filters?: integer, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[][], data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, dtype?: "float32"|"float64", groups?: integer, input_shape?: integer[], kernel_constraint?: table|string, kernel_initializer?: table|string, kernel_regularizer?: table|string, name?: string, trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.Conv2D(o) end

--- Transposed convolution, which makes images larger by strides: every number of x is spread over a window of the result. Then a bias and an activation. output_padding says how many further positions the result has at its end. Weights: kernel (kh,kw,filters,channels), bias (filters).
---@param o? { [integer]: any, filters?: integer, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[][], data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, dtype?: "float32"|"float64", input_shape?: integer[], kernel_constraint?: table|string, kernel_initializer?: table|string, kernel_regularizer?: table|string, name?: string, output_padding?: integer|integer[], trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.Conv2DTranspose(o) end

--- Convolution with `filters` kernels of kernel_size, then a bias and an activation. groups splits channels and filters into parts that do not see each other. Weights: kernel (kd,kh,kw,channels/groups,filters), bias (filters).
---@param o? { [integer]: any, filters?: integer, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[][], data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, dtype?: "float32"|"float64", groups?: integer, input_shape?: integer[], kernel_constraint?: table|string, kernel_initializer?: table|string, kernel_regularizer?: table|string, name?: string, trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.Conv3D(o) end

--- Transposed convolution, which makes images larger by strides: every number of x is spread over a window of the result. Then a bias and an activation. output_padding says how many further positions the result has at its end. Weights: kernel (kd,kh,kw,filters,channels), bias (filters).
---@param o? { [integer]: any, filters?: integer, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[][], data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, dtype?: "float32"|"float64", input_shape?: integer[], kernel_constraint?: table|string, kernel_initializer?: table|string, kernel_regularizer?: table|string, name?: string, output_padding?: integer|integer[], trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.Conv3DTranspose(o) end

--- x without so many positions at the beginning and the end of each axis of an image.
---@param o? { [integer]: any, cropping?: integer|integer[]|integer[][], dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Cropping1D(o) end

--- x without so many positions at the beginning and the end of each axis of an image.
---@param o? { [integer]: any, cropping?: integer|integer[]|integer[][], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Cropping2D(o) end

--- x without so many positions at the beginning and the end of each axis of an image.
---@param o? { [integer]: any, cropping?: integer|integer[]|integer[][], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Cropping3D(o) end

--- Every number of the last axis mixed with every other: x times a matrix, then a bias and an activation. Weights: kernel (inputs,units), bias (units).
---@param o? { [integer]: any, units?: integer, activation?: string|function, use_bias?: boolean, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, dtype?: "float32"|"float64", input_shape?: integer[], kernel_constraint?: table|string, kernel_initializer?: table|string, kernel_regularizer?: table|string, name?: string, trainable?: boolean }
---@return table
function dw.layers.Dense(o) end

--- Convolution of each channel with depth_multiplier kernels of its own, then a bias and an activation. Weights: depthwise_kernel (kw,channels,depth_multiplier), bias (channels*depth_multiplier).
---@param o? { [integer]: any, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], depth_multiplier?: integer, data_format?: "channels_last"|"channels_first", activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, depthwise_constraint?: table|string, depthwise_initializer?: table|string, depthwise_regularizer?: table|string, dilation_rate?: integer|integer[], dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.DepthwiseConv1D(o) end

--- Convolution of each channel with depth_multiplier kernels of its own, then a bias and an activation. Weights: depthwise_kernel (kh,kw,channels,depth_multiplier), bias (channels*depth_multiplier).
---@param o? { [integer]: any, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[][], depth_multiplier?: integer, data_format?: "channels_last"|"channels_first", activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, depthwise_constraint?: table|string, depthwise_initializer?: table|string, depthwise_regularizer?: table|string, dilation_rate?: integer|integer[], dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.DepthwiseConv2D(o) end

--- For each sample the products of two inputs, summed along an axis of each, which counts the batch as axis 1. With normalize the inputs have length 1 along these axes, so that the sums are cosines.
---@param o? { [integer]: any, axes?: integer|integer[], normalize?: boolean, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Dot(o) end

--- While training, 0 with the probability `rate` and x / (1 - rate) else, each number by itself. noise_shape makes choices that stretch to x's shape; it counts the batch, and -1 stands for x's size.
---@param o? { [integer]: any, rate?: number, noise_shape?: integer[], seed?: integer, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Dropout(o) end

--- x above 0, alpha*(exp(x) - 1) below.
---@param o? { [integer]: any, alpha?: number, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.ELU(o) end

--- The rows of a learned table at the indices that x holds, which count from 1 to input_dim: n,...,output_dim of n,.... Weights: embeddings (input_dim,output_dim).
---@param o? { [integer]: any, input_dim?: integer, output_dim?: integer, activity_regularizer?: table|string, dtype?: "float32"|"float64", embeddings_constraint?: table|string, embeddings_initializer?: table|string, embeddings_regularizer?: table|string, input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Embedding(o) end

--- Each sample as one row of numbers: n,k. With channels_first the channels go last before, so that the row is the same as with channels_last.
---@param o? { [integer]: any, data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Flatten(o) end

--- While training, x times normally distributed numbers of mean 1 and deviation sqrt(rate / (1 - rate)).
---@param o? { [integer]: any, rate?: number, seed?: integer, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.GaussianDropout(o) end

--- While training, x plus normally distributed numbers of mean 0.
---@param o? { [integer]: any, stddev?: number, seed?: integer, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.GaussianNoise(o) end

--- The average of each channel of an image: n,c; with keepdims the image's axes stay, with size 1.
---@param o? { [integer]: any, data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], keepdims?: boolean, name?: string, trainable?: boolean }
---@return table
function dw.layers.GlobalAveragePooling1D(o) end

--- The average of each channel of an image: n,c; with keepdims the image's axes stay, with size 1.
---@param o? { [integer]: any, data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], keepdims?: boolean, name?: string, trainable?: boolean }
---@return table
function dw.layers.GlobalAveragePooling2D(o) end

--- The average of each channel of an image: n,c; with keepdims the image's axes stay, with size 1.
---@param o? { [integer]: any, data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], keepdims?: boolean, name?: string, trainable?: boolean }
---@return table
function dw.layers.GlobalAveragePooling3D(o) end

--- The largest number of each channel of an image: n,c; with keepdims the image's axes stay, with size 1.
---@param o? { [integer]: any, data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], keepdims?: boolean, name?: string, trainable?: boolean }
---@return table
function dw.layers.GlobalMaxPooling1D(o) end

--- The largest number of each channel of an image: n,c; with keepdims the image's axes stay, with size 1.
---@param o? { [integer]: any, data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], keepdims?: boolean, name?: string, trainable?: boolean }
---@return table
function dw.layers.GlobalMaxPooling2D(o) end

--- The largest number of each channel of an image: n,c; with keepdims the image's axes stay, with size 1.
---@param o? { [integer]: any, data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], keepdims?: boolean, name?: string, trainable?: boolean }
---@return table
function dw.layers.GlobalMaxPooling3D(o) end

--- Each sample normalized by itself in groups of neighbouring channels; groups = -1 makes each channel a group. Weights: gamma, beta, a number for each channel.
---@param o? { [integer]: any, groups?: integer, axis?: integer, epsilon?: number, beta_constraint?: table|string, beta_initializer?: table|string, beta_regularizer?: table|string, center?: boolean, dtype?: "float32"|"float64", gamma_constraint?: table|string, gamma_initializer?: table|string, gamma_regularizer?: table|string, input_shape?: integer[], name?: string, scale?: boolean, trainable?: boolean }
---@return table
function dw.layers.GroupNormalization(o) end

--- What a function or a composed op gives. The float tensors bound in a composed op are weights of the layer. A function takes (x), or (x, training) if it is one of a script. A model with a script's function or a composed op cannot be saved: make a layer of it with dw.layers.Layer.
---@param o? { [integer]: any, function?: function|dwconv.Op, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Lambda(o) end

--- Each sample normalized by itself along the axes, of which the batch is the first. Weights: gamma, beta, of the sizes of these axes.
---@param o? { [integer]: any, axis?: integer|integer[], epsilon?: number, beta_constraint?: table|string, beta_initializer?: table|string, beta_regularizer?: table|string, center?: boolean, dtype?: "float32"|"float64", gamma_constraint?: table|string, gamma_initializer?: table|string, gamma_regularizer?: table|string, input_shape?: integer[], name?: string, scale?: boolean, trainable?: boolean }
---@return table
function dw.layers.LayerNormalization(o) end

--- x above 0, alpha*x below.
---@param o? { [integer]: any, alpha?: number, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.LeakyReLU(o) end

--- Convolution whose kernel and bias are others at each position, then an activation. Weights: kernel (positions, kernel_size*channels,filters), bias (ow,filters).
---@param o? { [integer]: any, filters?: integer, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid", data_format?: "channels_last"|"channels_first", activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, dtype?: "float32"|"float64", input_shape?: integer[], kernel_constraint?: table|string, kernel_initializer?: table|string, kernel_regularizer?: table|string, name?: string, trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.LocallyConnected1D(o) end

--- Convolution whose kernel and bias are others at each position, then an activation. Weights: kernel (positions, kernel_size*channels,filters), bias (oh,ow,filters).
---@param o? { [integer]: any, filters?: integer, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid", data_format?: "channels_last"|"channels_first", activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, dtype?: "float32"|"float64", input_shape?: integer[], kernel_constraint?: table|string, kernel_initializer?: table|string, kernel_regularizer?: table|string, name?: string, trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.LocallyConnected2D(o) end

--- The largest number of windows of pool_size, channel by channel, which are strides apart: pool_size if left out.
---@param o? { [integer]: any, pool_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.MaxPooling1D(o) end

--- The largest number of windows of pool_size, channel by channel, which are strides apart: pool_size if left out.
---@param o? { [integer]: any, pool_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[][], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.MaxPooling2D(o) end

--- The largest number of windows of pool_size, channel by channel, which are strides apart: pool_size if left out.
---@param o? { [integer]: any, pool_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[][], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.MaxPooling3D(o) end

--- The largest of its inputs, number by number.
---@param o? { [integer]: any, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Maximum(o) end

--- The smallest of its inputs, number by number.
---@param o? { [integer]: any, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Minimum(o) end

--- The product of its inputs, number by number.
---@param o? { [integer]: any, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Multiply(o) end

--- (x - mean) / sqrt(variance), of a mean and a variance for each index along axis ({} for one of all numbers), which are given or learned by layer:adapt(data): a tensor, or batches of dw.data. invert turns it round. Weights, if they are learned: mean, variance, count.
---@param o? { [integer]: any, axis?: integer|integer[], mean?: number|table, variance?: number|table, dtype?: "float32"|"float64", input_shape?: integer[], invert?: boolean, name?: string, trainable?: boolean }
---@return table
function dw.layers.Normalization(o) end

--- x above 0, alpha*x below, with a learned alpha for each number of a sample; shared_axes, which count the batch as axis 1, share one. Weights: alpha, of the sample's shape with 1 on the shared axes.
---@param o? { [integer]: any, alpha_constraint?: table|string, alpha_initializer?: table|string, alpha_regularizer?: table|string, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, shared_axes?: integer|integer[], trainable?: boolean }
---@return table
function dw.layers.PReLU(o) end

--- The axes of each sample in another order. dims counts them from 1 and leaves the batch out: {2, 1} swaps two.
---@param o? { [integer]: any, dims?: integer[], dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Permute(o) end

--- Each channel's distances from its mean times a number from 1 - low to 1 + high, of factor = {low, high} or one number for both; clipped to 0..255.
---@param o? { [integer]: any, factor?: number|number[], dtype?: "float32"|"float64", input_shape?: integer[], name?: string, seed?: integer, trainable?: boolean }
---@return table
function dw.layers.RandomContrast(o) end

--- While training, a part of the given size at a place by chance, the same for all of a batch. Else, and of smaller images, the middle, resized as by Resizing with crop_to_aspect_ratio.
---@param o? { [integer]: any, height?: integer, width?: integer, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, seed?: integer, trainable?: boolean }
---@return table
function dw.layers.RandomCrop(o) end

--- Mirrored left to right, upside down, or both, each with the probability of a half.
---@param o? { [integer]: any, mode?: "horizontal_and_vertical"|"horizontal"|"vertical", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, seed?: integer, trainable?: boolean }
---@return table
function dw.layers.RandomFlip(o) end

--- Turned about the middle, by up to `factor` full turns either way: 0.1 is 36 degrees.
---@param o? { [integer]: any, factor?: number|number[], fill_mode?: "reflect"|"wrap"|"constant"|"nearest", interpolation?: "bilinear"|"nearest", dtype?: "float32"|"float64", fill_value?: number, input_shape?: integer[], name?: string, seed?: integer, trainable?: boolean }
---@return table
function dw.layers.RandomRotation(o) end

--- Moved down and to the right by up to height_factor and width_factor of the image's size, either way.
---@param o? { [integer]: any, height_factor?: number|number[], width_factor?: number|number[], fill_mode?: "reflect"|"wrap"|"constant"|"nearest", interpolation?: "bilinear"|"nearest", dtype?: "float32"|"float64", fill_value?: number, input_shape?: integer[], name?: string, seed?: integer, trainable?: boolean }
---@return table
function dw.layers.RandomTranslation(o) end

--- Zoomed about the middle: height_factor and width_factor say by how much more, or less, than all of an image is shown; below 0 it is enlarged. Without width_factor the proportions stay.
---@param o? { [integer]: any, height_factor?: number|number[], width_factor?: number|number[], fill_mode?: "reflect"|"wrap"|"constant"|"nearest", interpolation?: "bilinear"|"nearest", dtype?: "float32"|"float64", fill_value?: number, input_shape?: integer[], name?: string, seed?: integer, trainable?: boolean }
---@return table
function dw.layers.RandomZoom(o) end

--- x above threshold, negative_slope*(x - threshold) below; clipped to max_value if it is given.
---@param o? { [integer]: any, max_value?: number, negative_slope?: number, threshold?: number, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.ReLU(o) end

--- Each row n times: (batch,n,k) of (batch,k).
---@param o? { [integer]: any, n?: integer, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.RepeatVector(o) end

--- x*scale + offset, of numbers or of tables that stretch to x's shape: 1/255 brings pixels to 0..1.
---@param o? { [integer]: any, scale?: number|table, offset?: number|table, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Rescaling(o) end

--- Each sample in another shape, target_shape, which leaves the batch out; one size may be -1, for what is left.
---@param o? { [integer]: any, target_shape?: integer[], dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Reshape(o) end

--- Images n,h,w,c of the given height and width. With crop_to_aspect_ratio what does not have their proportions is cut off at both sides, instead of being stretched.
---@param o? { [integer]: any, height?: integer, width?: integer, crop_to_aspect_ratio?: boolean, dtype?: "float32"|"float64", input_shape?: integer[], interpolation?: "nearest"|"bilinear", name?: string, trainable?: boolean }
---@return table
function dw.layers.Resizing(o) end

--- Convolution of each channel by itself, then one of a single tap that mixes the channels, then a bias and an activation. Weights: depthwise_kernel (kw,channels,depth_multiplier), pointwise_kernel (1,channels*depth_multiplier,filters), bias (filters).
---@param o? { [integer]: any, filters?: integer, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|"causal"|integer[], data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], depth_multiplier?: integer, activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, depthwise_constraint?: table|string, depthwise_initializer?: table|string, depthwise_regularizer?: table|string, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, pointwise_constraint?: table|string, pointwise_initializer?: table|string, pointwise_regularizer?: table|string, trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.SeparableConv1D(o) end

--- Convolution of each channel by itself, then one of a single tap that mixes the channels, then a bias and an activation. Weights: depthwise_kernel (kh,kw,channels,depth_multiplier), pointwise_kernel (1,1,channels*depth_multiplier,filters), bias (filters).
---@param o? { [integer]: any, filters?: integer, kernel_size?: integer|integer[], strides?: integer|integer[], padding?: "valid"|"same"|integer[][], data_format?: "channels_last"|"channels_first", dilation_rate?: integer|integer[], depth_multiplier?: integer, activation?: string|function, activity_regularizer?: table|string, bias_constraint?: table|string, bias_initializer?: table|string, bias_regularizer?: table|string, depthwise_constraint?: table|string, depthwise_initializer?: table|string, depthwise_regularizer?: table|string, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, pointwise_constraint?: table|string, pointwise_initializer?: table|string, pointwise_regularizer?: table|string, trainable?: boolean, use_bias?: boolean }
---@return table
function dw.layers.SeparableConv2D(o) end

--- Shares along an axis: exp(x) over the sum of exp(x) there. Several axes are taken together.
---@param o? { [integer]: any, axis?: integer|integer[], dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Softmax(o) end

--- Dropout of whole channels of an image, as neighbouring pixels tell the same.
---@param o? { [integer]: any, rate?: number, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, seed?: integer, trainable?: boolean }
---@return table
function dw.layers.SpatialDropout1D(o) end

--- Dropout of whole channels of an image, as neighbouring pixels tell the same.
---@param o? { [integer]: any, rate?: number, data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, seed?: integer, trainable?: boolean }
---@return table
function dw.layers.SpatialDropout2D(o) end

--- Dropout of whole channels of an image, as neighbouring pixels tell the same.
---@param o? { [integer]: any, rate?: number, data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, seed?: integer, trainable?: boolean }
---@return table
function dw.layers.SpatialDropout3D(o) end

--- The first of two inputs less the second.
---@param o? { [integer]: any, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.Subtract(o) end

--- x above theta, else 0.
---@param o? { [integer]: any, theta?: number, dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.ThresholdedReLU(o) end

--- Images `size` times as large, each number repeated or, of two axes, interpolated.
---@param o? { [integer]: any, size?: integer|integer[], dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.UpSampling1D(o) end

--- Images `size` times as large, each number repeated or, of two axes, interpolated.
---@param o? { [integer]: any, size?: integer|integer[], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], interpolation?: "nearest"|"bilinear", name?: string, trainable?: boolean }
---@return table
function dw.layers.UpSampling2D(o) end

--- Images `size` times as large, each number repeated or, of two axes, interpolated.
---@param o? { [integer]: any, size?: integer|integer[], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.UpSampling3D(o) end

--- Zeros before and after x along the axes of an image.
---@param o? { [integer]: any, padding?: integer|integer[]|integer[][], dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.ZeroPadding1D(o) end

--- Zeros before and after x along the axes of an image.
---@param o? { [integer]: any, padding?: integer|integer[]|integer[][], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.ZeroPadding2D(o) end

--- Zeros before and after x along the axes of an image.
---@param o? { [integer]: any, padding?: integer|integer[]|integer[][], data_format?: "channels_last"|"channels_first", dtype?: "float32"|"float64", input_shape?: integer[], name?: string, trainable?: boolean }
---@return table
function dw.layers.ZeroPadding3D(o) end

dw.initializers = {}

--- One number everywhere, or the numbers that are given.
---@param o? { [integer]: any, value?: dwconv.Tensor|number|boolean|table }
---@return table
function dw.initializers.Constant(o) end

--- Of the variance 1 over the average of fan in and fan out: normal, cut at two deviations.
---@param o? { [integer]: any, seed?: integer }
---@return table
function dw.initializers.GlorotNormal(o) end

--- Of the variance 1 over the average of fan in and fan out: uniform.
---@param o? { [integer]: any, seed?: integer }
---@return table
function dw.initializers.GlorotUniform(o) end

--- Of the variance 2 / fan in: normal, cut at two deviations.
---@param o? { [integer]: any, seed?: integer }
---@return table
function dw.initializers.HeNormal(o) end

--- Of the variance 2 / fan in: uniform.
---@param o? { [integer]: any, seed?: integer }
---@return table
function dw.initializers.HeUniform(o) end

--- gain along the diagonal, 0 elsewhere; of rank 2 only.
---@param o? { [integer]: any, gain?: number }
---@return table
function dw.initializers.Identity(o) end

--- Of the variance 1 / fan in: normal, cut at two deviations.
---@param o? { [integer]: any, seed?: integer }
---@return table
function dw.initializers.LecunNormal(o) end

--- Of the variance 1 / fan in: uniform.
---@param o? { [integer]: any, seed?: integer }
---@return table
function dw.initializers.LecunUniform(o) end

--- All numbers 1.
---@param o? { [integer]: any }
---@return table
function dw.initializers.Ones(o) end

--- A random orthogonal matrix times gain: all axes but the last are its rows. Rows are orthonormal where they are fewer than columns, else columns are.
---@param o? { [integer]: any, gain?: number, seed?: integer }
---@return table
function dw.initializers.Orthogonal(o) end

--- Normally distributed random numbers.
---@param o? { [integer]: any, mean?: number, stddev?: number, seed?: integer }
---@return table
function dw.initializers.RandomNormal(o) end

--- Uniform random numbers from minval to maxval.
---@param o? { [integer]: any, minval?: number, maxval?: number, seed?: integer }
---@return table
function dw.initializers.RandomUniform(o) end

--- Normally distributed random numbers, none further than two stddev from the mean.
---@param o? { [integer]: any, mean?: number, stddev?: number, seed?: integer }
---@return table
function dw.initializers.TruncatedNormal(o) end

--- Random numbers whose variance is scale over the fan in, the fan out or their average, so that what layers give neither grows nor shrinks.
---@param o? { [integer]: any, scale?: number, mode?: "fan_in"|"fan_out"|"fan_avg", distribution?: "truncated_normal"|"untruncated_normal"|"uniform", seed?: integer }
---@return table
function dw.initializers.VarianceScaling(o) end

--- All numbers 0.
---@param o? { [integer]: any }
---@return table
function dw.initializers.Zeros(o) end

dw.regularizers = {}

--- l1 times the sum of all |w|.
---@param o? { [integer]: any, l1?: number }
---@return table
function dw.regularizers.L1(o) end

--- The sum of both.
---@param o? { [integer]: any, l1?: number, l2?: number }
---@return table
function dw.regularizers.L1L2(o) end

--- l2 times the sum of all w squared.
---@param o? { [integer]: any, l2?: number }
---@return table
function dw.regularizers.L2(o) end

dw.constraints = {}

--- Lengths along the axes are at most max_value.
---@param o? { [integer]: any, max_value?: number, axis?: integer|integer[] }
---@return table
function dw.constraints.MaxNorm(o) end

--- Lengths along the axes lie between min_value and max_value: of each the share `rate` of the way there is gone, 1 for all of it.
---@param o? { [integer]: any, min_value?: number, max_value?: number, rate?: number, axis?: integer|integer[] }
---@return table
function dw.constraints.MinMaxNorm(o) end

--- Numbers below 0 become 0.
---@param o? { [integer]: any }
---@return table
function dw.constraints.NonNeg(o) end

--- Lengths along the axes are 1.
---@param o? { [integer]: any, axis?: integer|integer[] }
---@return table
function dw.constraints.UnitNorm(o) end

dw.losses = {}

--- Mean along the last axis of crossentropies of probabilities or logits with labels 0 or 1.
---@param o? { [integer]: any, from_logits?: boolean, label_smoothing?: number, axis?: integer, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.BinaryCrossentropy(o) end

--- The crossentropy of probabilities (or logits) of classes with labels as vectors.
---@param o? { [integer]: any, from_logits?: boolean, label_smoothing?: number, axis?: integer, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.CategoricalCrossentropy(o) end

--- max(1 + the best score of a wrong class - that of the right one, 0), for labels as vectors.
---@param o? { [integer]: any, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.CategoricalHinge(o) end

--- Minus the cosine of the angle between y_true and y_pred along the axis.
---@param o? { [integer]: any, axis?: integer, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.CosineSimilarity(o) end

--- The mean of max(1 - y_true * y_pred, 0), for labels of -1 and 1, or 0 and 1.
---@param o? { [integer]: any, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.Hinge(o) end

--- The mean of error^2 / 2 where errors are up to delta, straight beyond.
---@param o? { [integer]: any, delta?: number, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.Huber(o) end

--- The sum of y_true * log(y_true / y_pred).
---@param o? { [integer]: any, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.KLDivergence(o) end

--- The mean of log(cosh(error)): squared where it is small, without the square's growth.
---@param o? { [integer]: any, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.LogCosh(o) end

--- The mean of the sizes of errors.
---@param o? { [integer]: any, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.MeanAbsoluteError(o) end

--- 100 times the mean of |error| / |y_true|.
---@param o? { [integer]: any, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.MeanAbsolutePercentageError(o) end

--- The mean of squared errors.
---@param o? { [integer]: any, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.MeanSquaredError(o) end

--- The mean of squared differences of log(y + 1).
---@param o? { [integer]: any, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.MeanSquaredLogarithmicError(o) end

--- The mean of y_pred - y_true * log(y_pred).
---@param o? { [integer]: any, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.Poisson(o) end

--- The crossentropy of probabilities (or logits) of classes with labels from 1 on.
---@param o? { [integer]: any, from_logits?: boolean, axis?: integer, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.SparseCategoricalCrossentropy(o) end

--- The mean of the squares of hinge losses.
---@param o? { [integer]: any, name?: string, reduction?: "sum_over_batch_size"|"sum"|"none"|"auto" }
---@return table
function dw.losses.SquaredHinge(o) end

dw.metrics = {}

--- The area under the curve of the recall over the share of false alarms (ROC), or of the precision over the recall (PR), as the threshold goes from 0 to 1. With multi_label it is the mean of those of the labels, along the last axis.
---@param o? { [integer]: any, num_thresholds?: integer, curve?: "ROC"|"PR", summation_method?: "interpolation"|"minoring"|"majoring", from_logits?: boolean, label_weights?: number[], multi_label?: boolean, name?: string, thresholds?: number[] }
---@return table
function dw.metrics.AUC(o) end

--- The share of numbers of y_pred that are equal to those of y_true.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.Accuracy(o) end

--- The share of probabilities that are on the side of the threshold where their label, 0 or 1, is.
---@param o? { [integer]: any, name?: string, threshold?: number }
---@return table
function dw.metrics.BinaryAccuracy(o) end

--- The mean of the loss binary_crossentropy.
---@param o? { [integer]: any, name?: string, from_logits?: boolean, label_smoothing?: number, axis?: integer }
---@return table
function dw.metrics.BinaryCrossentropy(o) end

--- The share of samples whose largest probability is that of their class, for labels as vectors.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.CategoricalAccuracy(o) end

--- The mean of the loss categorical_crossentropy.
---@param o? { [integer]: any, name?: string, from_logits?: boolean, label_smoothing?: number, axis?: integer }
---@return table
function dw.metrics.CategoricalCrossentropy(o) end

--- The mean of the loss categorical_hinge.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.CategoricalHinge(o) end

--- The mean of the cosine of the angle between y_true and y_pred along the axis: 1 where they agree, unlike the loss.
---@param o? { [integer]: any, name?: string, axis?: integer }
---@return table
function dw.metrics.CosineSimilarity(o) end

--- The number, or the sum of the weights, of positives that are predicted negative. With a table of thresholds the result is a table.
---@param o? { [integer]: any, thresholds?: number|number[], name?: string }
---@return table
function dw.metrics.FalseNegatives(o) end

--- The number, or the sum of the weights, of negatives that are predicted positive. With a table of thresholds the result is a table.
---@param o? { [integer]: any, thresholds?: number|number[], name?: string }
---@return table
function dw.metrics.FalsePositives(o) end

--- The mean of the loss hinge.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.Hinge(o) end

--- The mean of the loss kl_divergence.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.KLDivergence(o) end

--- The mean of the loss log_cosh.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.LogCoshError(o) end

--- The mean of values: update_state(values, sample_weight).
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.Mean(o) end

--- The mean of the loss mean_absolute_error.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.MeanAbsoluteError(o) end

--- The mean of the loss mean_absolute_percentage_error.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.MeanAbsolutePercentageError(o) end

--- The mean over classes of intersection over union: of the places that have a class in y_true or y_pred the share that has it in both. Classes that are nowhere do not count.
---@param o? { [integer]: any, num_classes?: integer, name?: string }
---@return table
function dw.metrics.MeanIoU(o) end

--- The mean of what fn(y_true, y_pred) gives for the samples.
---@param o? { [integer]: any, fn?: function, name?: string }
---@return table
function dw.metrics.MeanMetricWrapper(o) end

--- The mean of |error| / normalizer, 0 where that is 0.
---@param o? { [integer]: any, normalizer?: dwconv.Tensor|number|boolean|table, name?: string }
---@return table
function dw.metrics.MeanRelativeError(o) end

--- The mean of the loss mean_squared_error.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.MeanSquaredError(o) end

--- The mean of the loss mean_squared_logarithmic_error.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.MeanSquaredLogarithmicError(o) end

--- The mean of tensors of one shape, a tensor: update_state(values, sample_weight).
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.MeanTensor(o) end

--- The mean of the loss poisson.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.Poisson(o) end

--- The share of what is predicted positive that is. With top_k only the k largest of each line can be positive, with class_id only that class counts, from 1 on. With a table of thresholds the result is a table.
---@param o? { [integer]: any, thresholds?: number|number[], top_k?: integer, class_id?: integer, name?: string }
---@return table
function dw.metrics.Precision(o) end

--- The largest precision, at a threshold where the recall is at least this.
---@param o? { [integer]: any, recall?: number, num_thresholds?: integer, class_id?: integer, name?: string }
---@return table
function dw.metrics.PrecisionAtRecall(o) end

--- The share of positives that are predicted so; top_k and class_id as for Precision. With a table of thresholds the result is a table.
---@param o? { [integer]: any, thresholds?: number|number[], top_k?: integer, class_id?: integer, name?: string }
---@return table
function dw.metrics.Recall(o) end

--- The largest recall, at a threshold where the precision is at least this.
---@param o? { [integer]: any, precision?: number, num_thresholds?: integer, class_id?: integer, name?: string }
---@return table
function dw.metrics.RecallAtPrecision(o) end

--- The root of the mean of squared errors.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.RootMeanSquaredError(o) end

--- The largest share of positives found at a threshold where at least this share of negatives is.
---@param o? { [integer]: any, specificity?: number, num_thresholds?: integer, class_id?: integer, name?: string }
---@return table
function dw.metrics.SensitivityAtSpecificity(o) end

--- The share of samples whose largest probability is that of their class, for labels from 1 on.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.SparseCategoricalAccuracy(o) end

--- The mean of the loss sparse_categorical_crossentropy.
---@param o? { [integer]: any, name?: string, from_logits?: boolean, axis?: integer }
---@return table
function dw.metrics.SparseCategoricalCrossentropy(o) end

--- The share of samples whose class is among the k most probable, for labels from 1 on.
---@param o? { [integer]: any, k?: integer, name?: string }
---@return table
function dw.metrics.SparseTopKCategoricalAccuracy(o) end

--- The largest share of negatives found at a threshold where at least this share of positives is.
---@param o? { [integer]: any, sensitivity?: number, num_thresholds?: integer, class_id?: integer, name?: string }
---@return table
function dw.metrics.SpecificityAtSensitivity(o) end

--- The mean of the loss squared_hinge.
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.SquaredHinge(o) end

--- The sum of values: update_state(values, sample_weight).
---@param o? { [integer]: any, name?: string }
---@return table
function dw.metrics.Sum(o) end

--- The share of samples whose class is among the k most probable, for labels as vectors.
---@param o? { [integer]: any, k?: integer, name?: string }
---@return table
function dw.metrics.TopKCategoricalAccuracy(o) end

--- The number, or the sum of the weights, of negatives that are predicted so. With a table of thresholds the result is a table.
---@param o? { [integer]: any, thresholds?: number|number[], name?: string }
---@return table
function dw.metrics.TrueNegatives(o) end

--- The number, or the sum of the weights, of positives that are predicted so. With a table of thresholds the result is a table.
---@param o? { [integer]: any, thresholds?: number|number[], name?: string }
---@return table
function dw.metrics.TruePositives(o) end

dw.optimizers = {}

--- Scales by the ratio of average changes to average gradients, so that both have one unit.
---@param o? { [integer]: any, learning_rate?: number|table, rho?: number, epsilon?: number, clipnorm?: number, clipvalue?: number, decay?: number, ema_momentum?: number, ema_overwrite_frequency?: integer, global_clipnorm?: number, name?: string, use_ema?: boolean, weight_decay?: number }
---@return table
function dw.optimizers.Adadelta(o) end

--- Divides by the root of the sum of all squared gradients.
---@param o? { [integer]: any, learning_rate?: number|table, initial_accumulator_value?: number, epsilon?: number, clipnorm?: number, clipvalue?: number, decay?: number, ema_momentum?: number, ema_overwrite_frequency?: integer, global_clipnorm?: number, name?: string, use_ema?: boolean, weight_decay?: number }
---@return table
function dw.optimizers.Adagrad(o) end

--- An average of gradients, divided by the root of one of their squares.
---@param o? { [integer]: any, learning_rate?: number|table, beta_1?: number, beta_2?: number, epsilon?: number, amsgrad?: boolean, clipnorm?: number, clipvalue?: number, decay?: number, ema_momentum?: number, ema_overwrite_frequency?: integer, global_clipnorm?: number, name?: string, use_ema?: boolean, weight_decay?: number }
---@return table
function dw.optimizers.Adam(o) end

--- Adam, and of the weights the share learning_rate * weight_decay is taken off before each step.
---@param o? { [integer]: any, learning_rate?: number|table, weight_decay?: number, beta_1?: number, beta_2?: number, epsilon?: number, amsgrad?: boolean, clipnorm?: number, clipvalue?: number, decay?: number, ema_momentum?: number, ema_overwrite_frequency?: integer, global_clipnorm?: number, name?: string, use_ema?: boolean }
---@return table
function dw.optimizers.AdamW(o) end

--- Adam with the largest of the gradients so far, fading, in place of the root of their squares.
---@param o? { [integer]: any, learning_rate?: number|table, beta_1?: number, beta_2?: number, epsilon?: number, clipnorm?: number, clipvalue?: number, decay?: number, ema_momentum?: number, ema_overwrite_frequency?: integer, global_clipnorm?: number, name?: string, use_ema?: boolean, weight_decay?: number }
---@return table
function dw.optimizers.Adamax(o) end

--- Follows the regularized leader: weights that matter little are 0 exactly.
---@param o? { [integer]: any, learning_rate?: number|table, learning_rate_power?: number, initial_accumulator_value?: number, l1_regularization_strength?: number, l2_regularization_strength?: number, beta?: number, clipnorm?: number, clipvalue?: number, decay?: number, ema_momentum?: number, ema_overwrite_frequency?: integer, global_clipnorm?: number, l2_shrinkage_regularization_strength?: number, name?: string, use_ema?: boolean, weight_decay?: number }
---@return table
function dw.optimizers.Ftrl(o) end

--- Steps of one length in every number: along the sign of an average of gradients.
---@param o? { [integer]: any, learning_rate?: number|table, beta_1?: number, beta_2?: number, clipnorm?: number, clipvalue?: number, decay?: number, ema_momentum?: number, ema_overwrite_frequency?: integer, global_clipnorm?: number, name?: string, use_ema?: boolean, weight_decay?: number }
---@return table
function dw.optimizers.Lion(o) end

--- Adam with Nesterov's momentum, which grows from step to step.
---@param o? { [integer]: any, learning_rate?: number|table, beta_1?: number, beta_2?: number, epsilon?: number, clipnorm?: number, clipvalue?: number, decay?: number, ema_momentum?: number, ema_overwrite_frequency?: integer, global_clipnorm?: number, name?: string, schedule_decay?: number, use_ema?: boolean, weight_decay?: number }
---@return table
function dw.optimizers.Nadam(o) end

--- Divides by the root of an average of squared gradients, or, centered, of their variance.
---@param o? { [integer]: any, learning_rate?: number|table, rho?: number, momentum?: number, epsilon?: number, centered?: boolean, clipnorm?: number, clipvalue?: number, decay?: number, ema_momentum?: number, ema_overwrite_frequency?: integer, global_clipnorm?: number, name?: string, use_ema?: boolean, weight_decay?: number }
---@return table
function dw.optimizers.RMSprop(o) end

--- Gradient descent, with momentum if it is given: steps go on in the direction of those before.
---@param o? { [integer]: any, learning_rate?: number|table, momentum?: number, nesterov?: boolean, clipnorm?: number, clipvalue?: number, decay?: number, ema_momentum?: number, ema_overwrite_frequency?: integer, global_clipnorm?: number, name?: string, use_ema?: boolean, weight_decay?: number }
---@return table
function dw.optimizers.SGD(o) end

dw.optimizers.schedules = {}

--- From initial_learning_rate to the share alpha of it in decay_steps, along a half wave of the cosine. With warmup_target it first rises to that in warmup_steps, straight, and decays from there.
---@param o? { [integer]: any, initial_learning_rate?: number, decay_steps?: number, alpha?: number, name?: string, warmup_steps?: integer, warmup_target?: number }
---@return table
function dw.optimizers.schedules.CosineDecay(o) end

--- The cosine's half wave over first_decay_steps, then again over t_mul times as many steps from m_mul times as high, and so on, always towards the share alpha of initial_learning_rate.
---@param o? { [integer]: any, initial_learning_rate?: number, first_decay_steps?: number, t_mul?: number, m_mul?: number, alpha?: number, name?: string }
---@return table
function dw.optimizers.schedules.CosineDecayRestarts(o) end

--- initial_learning_rate * decay_rate ^ (step / decay_steps); staircase rounds the exponent down.
---@param o? { [integer]: any, initial_learning_rate?: number, decay_steps?: number, decay_rate?: number, staircase?: boolean, name?: string }
---@return table
function dw.optimizers.schedules.ExponentialDecay(o) end

--- initial_learning_rate / (1 + decay_rate * step / decay_steps); staircase rounds the quotient down.
---@param o? { [integer]: any, initial_learning_rate?: number, decay_steps?: number, decay_rate?: number, staircase?: boolean, name?: string }
---@return table
function dw.optimizers.schedules.InverseTimeDecay(o) end

--- values[1] up to the step boundaries[1] and with it, then values[2] up to boundaries[2], and so on.
---@param o? { [integer]: any, boundaries?: number[], values?: number[], name?: string }
---@return table
function dw.optimizers.schedules.PiecewiseConstantDecay(o) end

--- From initial_learning_rate to end_learning_rate in decay_steps, as (1 - step / decay_steps) ^ power goes from 1 to 0. With cycle it starts again when it is through, over as many steps as there were and decay_steps more.
---@param o? { [integer]: any, initial_learning_rate?: number, decay_steps?: number, end_learning_rate?: number, power?: number, cycle?: boolean, name?: string }
---@return table
function dw.optimizers.schedules.PolynomialDecay(o) end

dw.callbacks = {}

--- Writes a line for each epoch into a file: its number, from 1, then the logs in alphabetical order. `append` goes on with a file that is there.
---@param o? { [integer]: any, filename?: string, separator?: string, append?: boolean }
---@return table
function dw.callbacks.CSVLogger(o) end

--- Ends training when what is monitored has not become better by more than min_delta, nor than the baseline, for `patience` epochs. With restore_best_weights the model has the weights of its best epoch in the end.
---@param o? { [integer]: any, monitor?: string, min_delta?: number, patience?: integer, baseline?: number, mode?: "auto"|"min"|"max", restore_best_weights?: boolean, start_from_epoch?: integer, verbose?: integer }
---@return table
function dw.callbacks.EarlyStopping(o) end

--- Keeps the logs of epochs: history.history.loss[epoch]. fit makes one and gives it back.
---@param o? { [integer]: any }
---@return table
function dw.callbacks.History(o) end

--- Calls functions: LambdaCallback{ on_epoch_end = function(epoch, logs) ... end }.
---@param o? { [integer]: any, on_batch_begin?: function, on_batch_end?: function, on_epoch_begin?: function, on_epoch_end?: function, on_test_batch_begin?: function, on_test_batch_end?: function, on_test_begin?: function, on_test_end?: function, on_train_batch_begin?: function, on_train_batch_end?: function, on_train_begin?: function, on_train_end?: function }
---@return table
function dw.callbacks.LambdaCallback(o) end

--- Sets the learning rate before each epoch to schedule(epoch, rate), where epochs count from 1.
---@param o? { [integer]: any, schedule?: function, verbose?: integer }
---@return table
function dw.callbacks.LearningRateScheduler(o) end

--- Saves the model, or its weights alone, after each epoch or every save_freq batches, or only when what is monitored is better than ever. In filepath {epoch}, {batch} and names of the logs stand for numbers, as in "w{epoch:02d}.st".
---@param o? { [integer]: any, filepath?: string, monitor?: string, initial_value_threshold?: number, mode?: "auto"|"min"|"max", save_best_only?: boolean, save_freq?: "epoch"|integer, save_weights_only?: boolean, verbose?: integer }
---@return table
function dw.callbacks.ModelCheckpoint(o) end

--- Multiplies the learning rate by factor when what is monitored has not become better by more than min_delta for `patience` epochs, and then not again for `cooldown` epochs; never below min_lr.
---@param o? { [integer]: any, monitor?: string, factor?: number, patience?: integer, cooldown?: integer, min_delta?: number, min_lr?: number, mode?: "auto"|"min"|"max", verbose?: integer }
---@return table
function dw.callbacks.ReduceLROnPlateau(o) end

--- Ends training when the loss of a batch is NaN or infinite.
---@param o? { [integer]: any }
---@return table
function dw.callbacks.TerminateOnNaN(o) end

return dw
