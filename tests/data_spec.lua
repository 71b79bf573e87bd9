-- data_spec.lua: batches of arrays and of folders of pictures: each sample once in an epoch, orders that seeds repeat,
-- labels that count from 1, and pictures as the reader of pictures and K.resize make them.

local dw = require "dwconv"
local K = dw.backend
local file = require "dwconv.io.file"
local support = require "support"
local same, refuses = support.same, support.refuses

local x, y = dw.arange(20):reshape { 10, 2 }, dw.arange(1, 11, 1, { dtype = "int32" })

-- The first column of each batch of an epoch, and how long the batches are.
local function walk(data, number)
  local order, sizes = {}, {}
  for a in data:epoch(number) do
    sizes[#sizes + 1] = a.shape[1]
    for _, row in ipairs(a:reshape({ a.shape[1], -1 }):to_table()) do order[#order + 1] = row[1] end
  end
  return order, sizes
end

local function sorted(list)
  local copy = table.move(list, 1, #list, 1, {})
  table.sort(copy)
  return copy
end

describe("data.batches", function()
  it("gives each sample once, the labels beside it", function()
    local data = dw.data.batches(x, y, { batch_size = 4, seed = 3 })
    assert.equal(3, #data)
    local order, sizes = walk(data)
    assert.same({ 4, 4, 2 }, sizes)
    assert.same({ 0, 2, 4, 6, 8, 10, 12, 14, 16, 18 }, sorted(order))
    assert.not_same({ 0, 2, 4, 6, 8, 10, 12, 14, 16, 18 }, order)
    for a, b in data:epoch() do
      same(K.cast(a:select(2, 1), "int32"), (b - 1) * 2)
      same(a:select(2, 2), a:select(2, 1) + 1)
    end
  end)

  it("the last batch may be dropped; without shuffle the order is the arrays'", function()
    local order, sizes = walk(dw.data.batches(x, y, { batch_size = 4, shuffle = false, drop_remainder = true }))
    assert.same({ 4, 4 }, sizes)
    assert.same({ 0, 2, 4, 6, 8, 10, 12, 14 }, order)
    assert.equal(0, #dw.data.batches(x, y, { batch_size = 11, drop_remainder = true }))
    assert.equal(0, #dw.data.batches(dw.zeros { 0, 3 }))
    assert.is_nil(dw.data.batches(dw.zeros { 0, 3 }):epoch()())
  end)

  it("a seed and the number of the epoch decide the order; dw.seed does without one", function()
    local function make(seed) return dw.data.batches(x, nil, { batch_size = 3, seed = seed }) end
    local data = make(5)
    local first, second = walk(data), walk(data)
    assert.not_same(first, second)
    assert.same(second, walk(make(5), 2))
    assert.same(first, walk(data, 1))
    assert.same(second, walk(data)) -- goes on after the epoch that was asked for
    assert.not_same(first, walk(make(6), 1))
    dw.seed(1)
    local drawn = walk(make())
    assert.not_same(drawn, walk(make()))
    dw.seed(1)
    assert.same(drawn, walk(make()))
  end)

  it("calling it is its next epoch", function()
    local data, n = dw.data.batches(x, y, { batch_size = 4, seed = 3 }), 0
    local second = walk(dw.data.batches(x, y, { batch_size = 4, seed = 3 }), 2)
    for _ in data() do n = n + 1 end
    assert.equal(3, n)
    local order = {}
    for a in data() do
      for _, row in ipairs(a:to_table()) do order[#order + 1] = row[1] end
    end
    assert.same(second, order)
  end)

  it("tables of tensors, nested, and weights", function()
    local data = dw.data.batches({ image = x, more = { x * 2, x * 3 } }, { y, y + 1 }, { sample_weight = x:select(2, 1), batch_size = 5 })
    for a, b, w in data:epoch() do
      same(a.more[1], a.image * 2)
      same(a.more[2], a.image * 3)
      same(b[2], b[1] + 1)
      same(w, a.image:select(2, 1))
    end
  end)

  it("refuses what does not fit", function()
    refuses(function() dw.data.batches() end, "data.batches: x must be a tensor or a table of tensors, got nil")
    refuses(function() dw.data.batches {} end, "data.batches: x must be a tensor or a table of tensors, got a table")
    refuses(function() dw.data.batches(dw.tensor(1)) end, "x must have samples along its first axis")
    refuses(function() dw.data.batches(x, dw.zeros { 9 }) end, "y has 9 samples, but those before it have 10")
    refuses(function() dw.data.batches({ x, dw.zeros { 9 } }) end, "x[2] has 9 samples")
    refuses(function() dw.data.batches(x, y, { batchsize = 3 }) end, 'unknown option "batchsize"', 'did you mean "batch_size"')
    refuses(function() dw.data.batches(x, y, { batch_size = 0 }) end, "batch_size must be a whole number of at least 1, got 0")
    refuses(function() dw.data.batches(x):epoch(0) end, "number must be a whole number of at least 1, got 0")
    refuses(function() return dw.data.batch end, 'dw.data has no "batch"; did you mean "batches"?')
  end)
end)

describe("fit", function()
  it("takes batches in place of arrays, to the same bits", function()
    local images = dw.uniform({ 20, 3 }, { seed = 1 })
    local function trained(first, second, more)
      local model = dw.Sequential { dw.Input { 3 }, dw.layers.Dense { 2, kernel_initializer = "ones" } }
      model:compile { optimizer = dw.optimizers.SGD { 0.1 }, loss = "mse" }
      more.verbose, more.epochs = 0, 3
      model:fit(first, second, more)
      return model.weights[1]
    end
    local targets = images[{ {}, { 1, 2 } }]:clone()
    local want = trained(images, targets, { shuffle = false, batch_size = 8 })
    same(trained(dw.data.batches(images, targets, { batch_size = 8, shuffle = false }), nil, {}), want)
    assert.is_false(dw.close(trained(dw.data.batches(images, targets, { batch_size = 8, seed = 1 }), nil, {}), want))
  end)
end)

-- ---- folders -------------------------------------------------------------------------------------

local folder = os.tmpname()

local function picture(seed, h, w, c) return K.cast(dw.uniform({ h, w, c }, { maxval = 255, seed = seed }), "uint8") end

-- Class "a b" with an odd name has five pictures, "Z" two, one of them in a folder within; other files are passed over.
setup(function()
  os.remove(folder)
  os.execute(("mkdir -p '%s/a b' '%s/Z/$(x) \"q\"' '%s/empty'"):format(folder, folder, folder))
  for i = 1, 5 do dw.io.image.write(("%s/a b/%d.png"):format(folder, i), picture(i, 4 + i, 9, 3)) end
  dw.io.image.write(folder .. "/Z/1.PNG", picture(6, 6, 6, 1))
  dw.io.image.write(folder .. '/Z/$(x) "q"/2.png', picture(7, 6, 6, 4))
  local f <close> = io.open(folder .. "/Z/readme.txt", "w")
  f:write "no picture"
end)

teardown(function() os.execute(("rm -rf '%s'"):format(folder)) end)

describe("the names in a folder", function()
  it("are sorted, those of folders end in a slash", function()
    assert.same({ "Z/", "a b/", "empty/" }, file.names(folder))
    assert.same({ '$(x) "q"/', "1.PNG", "readme.txt" }, file.names(folder .. "/Z"))
    refuses(function() file.names(folder .. "/Z/1.PNG") end, "Not a directory")
  end)
end)

describe("data.image_folder", function()
  it("classes by name from 1, pictures resized when their batch is due", function()
    local data = dw.data.image_folder(folder, { size = { 6, 5 }, batch_size = 4, shuffle = false })
    assert.same({ "Z", "a b", "empty" }, data.class_names)
    assert.equal(7, #data.paths)
    assert.equal(2, #data)
    local labels = {}
    for a, b in data:epoch() do
      assert.same({ a.shape[1], 6, 5, 3 }, { table.unpack(a.shape) })
      assert.equal("float32", a.dtype)
      for i = 1, a.shape[1] do labels[#labels + 1] = b[i] end
    end
    assert.same({ 1, 1, 2, 2, 2, 2, 2 }, labels)
    local a = data:epoch(1)()
    same(a[3], K.resize(K.cast(picture(1, 5, 9, 3), "float32"):expand_dims(1), { 6, 5 }, { data_format = "channels_last" })[1])
  end)

  it("channels: grey, RGB and RGBA become what color_mode says", function()
    local grey, rgba = picture(6, 6, 6, 1), K.cast(picture(7, 6, 6, 4), "float32")
    local function first(mode)
      return dw.data.image_folder(folder .. "/", { size = 6, color_mode = mode, shuffle = false, class_names = { "Z" } }):epoch()()
    end
    local rgb = first "rgb"
    for c = 1, 3 do same(rgb[2]:select(3, c), K.cast(grey:select(3, 1), "float32")) end
    same(rgb[1], rgba[{ {}, {}, { 1, 3 } }]:clone())
    same(first "rgba"[1], rgba)
    local luma = rgba:select(3, 1) * 0.299 + rgba:select(3, 2) * 0.587 + rgba:select(3, 3) * 0.114
    support.near(first "grayscale"[1]:select(3, 1), luma, { atol = 1e-4 })
    same(first "grayscale"[2], K.cast(grey, "float32"))
  end)

  it("a share of each class validates, the same without any seed", function()
    local o = { size = 4, validation_split = 0.4, subset = "training", class_names = { "a b", "Z" } }
    local train = dw.data.image_folder(folder, o)
    o.subset = "validation"
    local test = dw.data.image_folder(folder, o)
    assert.same({ 1, 1, 1, 2 }, train.labels)
    assert.same({ 1, 1, 2 }, test.labels)
    local all = {}
    for _, path in ipairs(train.paths) do all[path] = true end
    for _, path in ipairs(test.paths) do assert.is_nil(all[path]) end
  end)

  it("labels as rows, or none; shuffled as a seed says", function()
    local _, rows = dw.data.image_folder(folder, { size = 4, label_mode = "categorical", batch_size = 7, seed = 2 }):epoch()()
    assert.same({ 2, 5, 0 }, K.sum(rows, { axis = 1 }):to_table())
    local a, none = dw.data.image_folder(folder, { size = 4, label_mode = "none", batch_size = 7, seed = 2 }):epoch()()
    assert.is_nil(none)
    same(a, (dw.data.image_folder(folder, { size = 4, batch_size = 7, seed = 2 }):epoch()()))
    assert.equal("float32", (dw.data.image_folder(folder, { size = 4, interpolation = "nearest" }):epoch()()).dtype)
  end)

  it("refuses what is not there or does not fit, and says which picture is damaged", function()
    refuses(function() dw.data.image_folder(folder) end, "data.image_folder: size is missing")
    refuses(function() dw.data.image_folder(folder .. "/none", { size = 4 }) end, "No such file")
    refuses(function() dw.data.image_folder(folder .. "/empty", { size = 4 }) end, "has no folders")
    refuses(function() dw.data.image_folder(folder, { size = 4, class_names = { "empty" } }) end, "there are no pictures")
    refuses(function() dw.data.image_folder(folder, { size = 4, class_names = { "a_b" } }) end, 'has no folder "a_b"; did you mean "a b"?')
    refuses(function() dw.data.image_folder(folder, { size = 4, subset = "training" }) end, "subset needs a validation_split")
    refuses(function() dw.data.image_folder(folder, { size = 4, validation_split = 0.5 }) end, "validation_split needs a subset")
    refuses(function() dw.data.image_folder(folder, { sizes = 4 }) end, 'did you mean "size"')
    refuses(function() dw.data.image_folder(3, { size = 4 }) end, "path must be a file name, got 3")
    local f = io.open(folder .. "/empty/bad.png", "w")
    f:write "bad"
    f:close()
    refuses(function() dw.data.image_folder(folder, { size = 4, class_names = { "empty" } }):epoch()() end, "empty/bad.png: neither a PNG")
    os.remove(folder .. "/empty/bad.png")
  end)
end)

describe("digits", function()
  it("are 1797 images of 8x8, whose labels count from 0 in the file", function()
    local images, labels = dw.io.npy.read "examples/data/digits_images.npy", dw.io.npy.read "examples/data/digits_labels.npy"
    assert.same({ 1797, 8, 8, 1 }, { table.unpack(images.shape) })
    assert.equal("uint8", images.dtype)
    assert.same({ 178, 182, 177, 183, 181, 182, 181, 179, 174, 180 }, -- as their documentation counts them
      K.sum(K.one_hot(labels + 1, 10), { axis = 1 }):to_table())
    assert.equal(16, K.max(images):item())
    assert.equal(0, labels[1])
  end)
end)
