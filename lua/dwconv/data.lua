-- data.lua: dw.data, batches of samples for training: from arrays that lie in memory, and from a folder of pictures.
-- Both give an object that `fit` takes in place of arrays: #data is how many batches an epoch has, data:epoch(number)
-- iterates over them, and so does data(), for the epoch after the last one.
-- Invariant: with a seed, the number of an epoch alone decides the order of its samples; without one, dw.seed's stream
-- does. A sample comes once in an epoch.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local file = require "dwconv.io.file"
local lookup = require "dwconv.lookup"

local kinds, raise, show, is_tensor = args.kinds, args.raise, args.show, args.check.is_tensor

local data = {}

-- ---- epochs --------------------------------------------------------------------------------------

local common = {
  batch_size = kinds.whole(32, 1),
  shuffle = kinds.flag(true),
  seed = kinds.optional(kinds.whole()),
  drop_remainder = kinds.flag(false),
}

-- Options of batches, and more.
local function with_common(more)
  for name, kind in pairs(common) do more[name] = kind end
  return more
end

-- The positions of n samples in the order of an epoch. Seeds are far apart, so that those of two sources and two epochs
-- do not meet.
local function order_of(n, seed, epoch)
  local drawn = K.random_uniform({ n }, { seed = seed and seed * 1000003 + epoch, dtype = "float64" })
  return K.argsort(drawn)
end

-- A source has: n samples, the options o, and part(self, positions): the x, y, ... of a batch.
local Source = { __name = "dwconv.data" }
Source.__index = Source

function Source:__len()
  local size = self.o.batch_size
  return self.o.drop_remainder and self.n // size or (self.n + size - 1) // size
end

function Source:__tostring()
  return ("data: %d samples, %d batches of %d"):format(self.n, #self, self.o.batch_size)
end

local number_kind = kinds.whole(nil, 1)

--- Iterates over the batches of an epoch: for x, y in data:epoch(1) do. Without a number it is the next epoch.
---@param number? integer from 1
---@return fun(): any
function Source:epoch(number)
  number = number == nil and self.number + 1 or number_kind:check("number", number)
  self.number = number
  local o, n = self.o, self.n
  local positions = o.shuffle and order_of(n, o.seed, number) or K.arange(1, n + 1, 1, { dtype = "int64" })
  local step, steps = 0, #self
  return function()
    if step == steps then return nil end
    local from = step * o.batch_size + 1
    step = step + 1
    return self:part(K.narrow(positions, 1, from, math.min(o.batch_size, n - from + 1)))
  end
end

function Source:__call() return self:epoch() end

local function source(fields)
  fields.number = 0
  return setmetatable(fields, Source)
end

-- ---- arrays --------------------------------------------------------------------------------------

-- f of each tensor in a tensor or a table of tensors, in tables like it.
local function each(v, f)
  if is_tensor(v) then return f(v) end
  local copy = {}
  for key, item in pairs(v) do copy[key] = each(item, f) end
  return copy
end

-- Checks that v is a tensor or a table of tensors with n samples each; gives n, which the first tensor says.
local function count(what, v, n)
  if is_tensor(v) then
    if v.ndim == 0 then raise("%s must have samples along its first axis, got %s", what, show(v)) end
    if n and v.shape[1] ~= n then raise("%s has %d samples, but those before it have %d", what, v.shape[1], n) end
    return v.shape[1]
  end
  if type(v) ~= "table" or next(v) == nil then
    raise("%s must be a tensor or a table of tensors, got %s", what, show(v))
  end
  for key, item in pairs(v) do n = count(("%s[%s]"):format(what, show(key)), item, n) end
  return n
end

local batch_options = args.options(with_common { sample_weight = kinds.optional(kinds.tensor "n") },
  "(x, y, {options})")

local function part_of_arrays(self, positions)
  local function pick(t) return K.gather(t, positions) end
  return each(self.x, pick), self.y and each(self.y, pick), self.weights and pick(self.weights)
end

--- Batches of arrays: x, and labels y unless they are nil, each a tensor or a table of tensors whose first axis counts
--- the samples. Options: batch_size (32), shuffle (true), seed, drop_remainder (false: the last batch may be shorter),
--- sample_weight.
---@param x dwconv.Tensor|table
---@param y? dwconv.Tensor|table
---@param options? table
data.batches = args.speaking("data.batches", function(x, y, options, extra)
  local o = batch_options(options, extra)
  local n = count("x", x)
  if y ~= nil then count("y", y, n) end
  if o.sample_weight then count("sample_weight", o.sample_weight, n) end
  return source { n = n, o = o, x = x, y = y, weights = o.sample_weight, part = part_of_arrays }
end)

-- ---- a folder of pictures ------------------------------------------------------------------------

local ENDINGS <const> = { png = true, jpg = true, jpeg = true }
local CHANNELS <const> = { rgb = 3, grayscale = 1, rgba = 4 }
local LUMA <const> = { 0.299, 0.587, 0.114 } -- of ITU-R BT.601, as JPEG files have it

local function is_picture(name) return ENDINGS[(name:match "%.(%w+)$" or ""):lower()] end

-- The paths of the pictures below a folder, sorted; `folder` ends in "/".
local function pictures_in(folder, paths)
  for _, name in ipairs(file.names(folder)) do
    if name:sub(-1) == "/" then pictures_in(folder .. name, paths)
    elseif is_picture(name) then paths[#paths + 1] = folder .. name end
  end
  return paths
end

-- The names of the classes: the folders within, or those that are given, which must be there.
local function classes_of(folder, given)
  local names, there = {}, {}
  for _, name in ipairs(file.names(folder)) do
    local class = name:match "^(.*)/$"
    if class then names[#names + 1], there[class] = class, true end
  end
  for _, name in ipairs(given or {}) do
    if not there[name] then raise("%s has no folder %s%s", folder, show(name), args.hint(name, names)) end
  end
  if #names == 0 then raise("%s has no folders; each class of pictures is one", folder) end
  return given or names
end

-- Of the paths of a class, those that train or those that validate, which are the last.
local function subset_of(paths, o)
  if not o.subset then return paths end
  local first = math.floor(#paths * (1 - o.validation_split) + 0.5)
  if o.subset == "training" then return table.move(paths, 1, first, 1, {}) end
  return table.move(paths, first + 1, #paths, 1, {})
end

-- Channels of a picture (h,w,c) of floats as color_mode wants them.
local function with_channels(x, wanted)
  local c = x.shape[3]
  if c == wanted then return x end
  if wanted == 4 then
    return K.concatenate({ with_channels(x, 3), K.zeros({ x.shape[1], x.shape[2], 1 }) + 255 }, { axis = 3 })
  end
  if c == 4 then return with_channels(K.narrow(x, 3, 1, 3), wanted) end
  if wanted == 3 then return K.concatenate({ x, x, x }, { axis = 3 }) end
  return K.sum(x * K.constant(LUMA), { axis = 3, keepdims = true })
end

-- Pictures are read when their batch is due, one after the other.
local function part_of_pictures(self, positions)
  local read = require("dwconv.io.image").read
  local images, labels = {}, {}
  for i, at in ipairs(positions:to_table()) do
    local x = with_channels(K.cast(read(self.paths[at]), "float32"), CHANNELS[self.o.color_mode])
    images[i] = K.resize(x:expand_dims(1), self.o.size, { interpolation = self.o.interpolation,
      data_format = "channels_last" })
    labels[i] = self.labels[at]
  end
  local x = K.concatenate(images, { axis = 1 })
  if self.o.label_mode == "none" then return x end
  local y = K.constant(labels, { dtype = "int32" })
  return x, self.o.label_mode == "int" and y or K.one_hot(y, #self.class_names)
end

local names_kind = kinds.new {
  annotation = "string[]",
  expected = "a table of the names of folders",
  optional = true,
  read = function(v)
    if type(v) ~= "table" or #v == 0 then return nil end
    for _, name in ipairs(v) do
      if type(name) ~= "string" then return nil end
    end
    return table.move(v, 1, #v, 1, {})
  end,
}

local folder_options = args.options(with_common {
  size = kinds.optional(kinds.sizes(2)),
  color_mode = kinds.oneof { "rgb", "grayscale", "rgba" },
  interpolation = kinds.oneof { "bilinear", "nearest" },
  label_mode = kinds.oneof { "int", "categorical", "none" },
  class_names = names_kind,
  validation_split = kinds.number(0, 0, 1),
  subset = kinds.optional(kinds.oneof { "training", "validation" }),
}, "(path, {size = {h, w}, options})")

local function check_split(o)
  local split = o.validation_split > 0 and o.validation_split < 1
  if not o.size then raise "size is missing: it must be a pair {h, w}, to which the pictures are resized" end
  if o.subset and not split then raise("subset needs a validation_split above 0 and below 1") end
  if not o.subset and o.validation_split > 0 then
    raise 'validation_split needs a subset, "training" or "validation"'
  end
end

--- Batches of the pictures (.png, .jpg, .jpeg) in a folder that has a folder for each class, and of their labels. The
--- classes are the folders in alphabetical order and count from 1; `class_names` and `paths` of what comes back say
--- which they are. x: n,h,w,c; float32, 0 to 255; y: n; int32. Options: size ({h, w}, must be given), batch_size (32),
--- shuffle (true), seed, drop_remainder (false), color_mode ("rgb", "grayscale", "rgba"), interpolation ("bilinear",
--- "nearest"), label_mode ("int"; "categorical" for rows with a 1; "none"), class_names (which folders, in which
--- order), validation_split and subset ("training", or "validation": the last pictures of each class).
---@param path string
---@param options table
data.image_folder = args.speaking("data.image_folder", function(path, options, extra)
  path = file.path:check("path", path)
  local o = folder_options(options, extra)
  check_split(o)
  local folder = path:sub(-1) == "/" and path or path .. "/"
  local paths, labels, names = {}, {}, classes_of(folder, o.class_names)
  for label, name in ipairs(names) do
    for _, picture in ipairs(subset_of(pictures_in(folder .. name .. "/", {}), o)) do
      paths[#paths + 1], labels[#labels + 1] = picture, label
    end
  end
  if #paths == 0 then raise("%s: there are no pictures (.png, .jpg, .jpeg) in it", path) end
  return source { n = #paths, o = o, paths = paths, labels = labels, class_names = names, part = part_of_pictures }
end)

return lookup.strict(data, "dw.data", "dw.data, batches of samples for training:")
