-- help/uses.lua: how the classes of each room are used, by the room's name: { text, example }, an example as records
-- have them. Called by classes.lua.

return {
  layers = { [[
A layer is called with a tensor, or with a list of them. Its weights are made at the first call, or by
layer:build(shape), where shapes leave the batch out.]], [[
layer = dw.layers.Dense { 3, activation = "relu", kernel_initializer = "ones" }
print(layer(dw.ones { 1, 4 }))]] },
  initializers = { [[
An initializer is called with a shape and a dtype. Options of layers take one, its name ("he_normal"), or a function of
both.]], [[
print(dw.initializers.HeNormal { seed = 1 }({ 2, 3 }))]] },
  regularizers = { [[
A regularizer is called with a weight and gives a number, which training adds to the loss. Options of layers take one,
its name ("l2"), or a function.]], [[
print(dw.regularizers.L2 { 0.1 }(dw.tensor { 3, 4 }))]] },
  constraints = { [[
A constraint is called with a weight and gives the nearest one that it allows; training writes that back after every
step.]], [[
print(dw.constraints.NonNeg {}(dw.tensor { 3, -4 }))]] },
  losses = { [[
A loss is called with y_true and y_pred, then { sample_weight = }, and gives a number by its option reduction. The
functions give the losses of samples. A function of y_true and y_pred that does so may stand for a loss, and a name
("mse").]], [[
print(dw.losses.SparseCategoricalCrossentropy {}({ 2, 1 }, { { 0.25, 0.75 }, { 0.5, 0.5 } }))
print(dw.losses.mse({ { 1, 2 } }, { { 1, 4 } }))]] },
  metrics = { [[
metric:update_state(y_true, y_pred, sample_weight) adds a batch, metric:result() gives the result so far, a Lua number,
and metric:reset_state() begins anew. In compile, "accuracy" and "crossentropy" stand for those that suit the labels.]],
    [[
metric = dw.metrics.BinaryAccuracy {}
metric:update_state({ 1, 0 }, { 0.9, 0.2 })
metric:update_state({ 1, 1 }, { 0.9, 0.2 })
print(metric:result())]] },
  optimizers = { [[
optimizer:apply_gradients{ { gradient, variable }, ... } makes one step, optimizer:minimize(f, variables) computes the
gradients first. learning_rate is a number, which may be set at any time, a schedule, or a function of the steps.]],
    [[
x = dw.tensor { 3, -2 }
optimizer = dw.optimizers.SGD { 0.25 }
optimizer:minimize(function() return K.sum(x * x) end, x)
print(x)]] },
  ["optimizers.schedules"] = { "A schedule is called with the number of steps made and gives a number.", [[
print(dw.optimizers.schedules.ExponentialDecay { 0.1, 10, 0.5 }(20))]] },
  callbacks = { [[
fit calls the methods of callbacks at its turns: on_train_begin, on_epoch_end(epoch, logs) and so on; epochs and batches
count from 1. A table with such methods is a callback, too.]], [[
stop = dw.callbacks.EarlyStopping { "loss", patience = 2, restore_best_weights = true }
print(stop)]] },
}
