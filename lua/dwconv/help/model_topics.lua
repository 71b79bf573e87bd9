-- help/model_topics.lua: what dw.help explains of models and their training: topics, as those of topics.lua, which adds
-- them to its own.

return function(topic)
  return {
    topic("Input", "dw.Input{ 28, 28, 1, name =, dtype = }", [[
A symbolic tensor: the input of models, which stands for a batch of samples of this shape. It is a tensor with an empty
batch, so layers, functions of K and operators run on it, compute nothing, and give shapes and errors at once; what they
do is noted, and dw.Model makes a model of it. K.is_keras_tensor(t) tells.]], [[
x = dw.Input { 28, 28, 1 }
print(x.shape, (K.conv2d(x, dw.zeros { 3, 3, 1, 8 }) * 2).shape)]], { "dw.Input", "symbolic" }),
    topic("models", [[
dw.Sequential{ layer, layer, ..., name = }    dw.Model{ inputs =, outputs =, name = }
model(x, { training = })    model.layers    model:get_layer(name)    model:at(name)    model:add(layer)]], [[
Layers one after the other, or the graph between symbolic tensors: with shared layers, several inputs and outputs
(lists of them), functions of K and operators between layers. A composed op (>>) or a function is a layer too, and a
model is a layer of other models. model:at(name) is the model up to that layer. A model has what layers have: weights,
trainable_weights, non_trainable_weights, trainable, get_weights(), set_weights(list), count_params().]],
      [[
layers = dw.layers
x = dw.Input { 4 }
y = layers.Dense { 4, activation = "relu" }(x) + x
model = dw.Model { inputs = x, outputs = layers.Dense { 2 }(y) }
print(model(dw.ones { 3, 4 }).shape, model:count_params())]],
      { "Sequential", "Model", "dw.Sequential", "dw.Model", "at", "get_layer" }),
    topic("compile", "model:compile{ optimizer =, loss =, metrics =, loss_weights =, weighted_metrics = }", [[
How the model is trained: an optimizer ("rmsprop" if left out), a loss and metrics, by name, as an object, or, of losses
and metrics, as a function of a script. With several outputs loss, loss_weights and metrics are lists, or tables by the
names of the outputs' layers.]], [[
model = dw.Sequential { dw.Input { 3 }, dw.layers.Dense { 1 } }
model:compile { optimizer = dw.optimizers.SGD { 0.1 }, loss = "mse", metrics = { "mae" } }
print(model.optimizer)]], { "model:compile" }),
    topic("fit", [[
history = model:fit(x, y, { batch_size = 32, epochs = 1, verbose = 1, callbacks =, validation_split = 0,
  validation_data =, validation_freq = 1, validation_batch_size =, validation_steps =, shuffle = true, class_weight =,
  sample_weight =, initial_epoch = 0, steps_per_epoch =, resume = false })]], [[
Trains on arrays, or on a generator in place of x and y: a function(epoch) that gives an iterator over x, y and weights,
or an object of dw.data. x and y are tensors, or tables of them for several inputs and outputs. Labels count from 1, as
do classes in class_weight. history.history.loss is a list of the losses of epochs. verbose: 0 nothing, 1 a bar on a
terminal, 2 a line for each epoch. Ctrl-C ends it with the weights of the last step. With resume = true the training of
a saved model goes on where it was, to the same bits.
What a step of training computed is let go of when the step does not need it any more: a layer of a script may keep it,
nothing else does.]], [[
dw.seed(1)
model = dw.Sequential { dw.Input { 3 }, dw.layers.Dense { 1 } }
model:compile { optimizer = dw.optimizers.SGD { 0.1 }, loss = "mse" }
x = dw.uniform { 64, 3 }
history = model:fit(x, K.sum(x, { axis = 2, keepdims = true }), { epochs = 20, verbose = 0 })
print(history.history.loss[20] < history.history.loss[1] / 5)]], { "model:fit", "train", "training" }),
    topic("evaluate", [[
loss, metrics... = model:evaluate(x, y, { batch_size = 32, verbose = 0, sample_weight =, steps = })
y = model:predict(x, { batch_size = 32, steps = })
loss, metrics... = model:train_on_batch(x, y, { sample_weight =, class_weight = })
loss, metrics... = model:test_on_batch(x, y, { sample_weight = })]], [[
The loss and the metrics over all samples, as Lua numbers; the outputs for all samples, batch by batch; one step of
training, and its loss and metrics; the same without training.]], [[
model = dw.Sequential { dw.Input { 2 }, dw.layers.Dense { 1, kernel_initializer = "ones" } }
model:compile { loss = "mse" }
print(model:evaluate(dw.ones { 4, 2 }, dw.ones { 4, 1 }), model:predict(dw.ones { 4, 2 }).shape)]], { "predict",
      "train_on_batch", "test_on_batch", "model:evaluate", "model:predict" }),
    topic("summary", "model:summary()    model:profile(x, { times = 5, training = })    model:dot()    model:svg()", [[
Prints the layers with the shapes of what they give, and their parameters; of a Sequential that is not built,
model:summary{28, 28, 1} says the shape of a sample, and a layer that does not fit is named after the rows before it.
profile gives the time of each layer, its share, GFLOP/s, the share of the machine's limit, and bytes; it prints as a
table. dot is a text for graphviz, svg a picture.]], [[
model = dw.Sequential { dw.Input { 8, 8, 1 }, dw.layers.Conv2D { 4, 3, name = "conv" }, name = "net" }
model:summary()]], { "profile", "dot", "svg", "model:summary" }),
    topic("saving models", [[
model:save(path, { include_optimizer = true })    model = dw.load_model(path, { custom_objects =, compile = true })
model:save_weights(path)    report = model:load_weights{ path, by_name = false, skip_mismatch = false }]], [[
One .safetensors file holds the architecture, the weights, the optimizer with its averages, and where the training was.
Layers of a script are handed to load_model: custom_objects = { Name = Name }; a function of a script cannot be saved.
load_weights takes weights in order, or by the names of layers and weights, and gives a report of both sides. A file
that is damaged is refused, and changes nothing.]], [[
path = os.tmpname()
model = dw.Sequential { dw.Input { 3 }, dw.layers.Dense { 2 } }
model:save(path)
print(dw.close(dw.load_model(path)(dw.ones { 1, 3 }), model(dw.ones { 1, 3 })))
os.remove(path)]], { "save", "load_model", "save_weights", "load_weights", "dw.load_model" }),
    topic("layers of one's own", 'dw.layers.Layer "Name" { leading =, options =, build =, call = }', [[
Makes a class of layers. options: names with their defaults, or kinds of dwconv.args; leading: which of them may be
given by position. build(self, shape) makes the weights, by self:add_weight(name, shape, { initializer =, regularizer =,
constraint =, trainable = }), when the shape of a sample is known; call(self, x, training) computes with functions of K,
and gradients follow. A layer in a field is tracked. self:add_loss(value) adds to the loss.]], [[
Scale = dw.layers.Layer "Scale" {
  options = { start = 1 },
  build = function(self, shape)
    local start = dw.initializers.Constant { self.start }
    self.gamma = self:add_weight("gamma", { shape[#shape] }, { initializer = start })
  end,
  call = function(self, x) return x * self.gamma end,
}
print(Scale { start = 2 }(dw.ones { 1, 3 }))]], { "Layer", "dw.layers.Layer", "add_weight", "custom layer" }),
  }
end
