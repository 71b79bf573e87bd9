-- keras_classes.lua: the text of docs/keras_classes.md: every class of Keras r2.2 that a model is made of, and whether
-- dw has it. tools/docs.lua writes it, tests/keras_classes_spec.lua asks whether it is current. What is there is looked
-- up; what is not must have its reason here. Gives a function.

local dw = require "dwconv"
local words = require "dwconv.args"

local HEAD = [[
# Classes of Keras

Every layer, optimizer, schedule, loss, metric, callback, initializer, regularizer and constraint of tf.keras r2.2:
there, or left out and why. Made by `make docs`. Options, defaults and names are Keras's, but what counts (class labels,
epochs, axes) counts from 1; constructors take one table: `dw.layers.Conv2D{ 32, 3, padding = "same" }`.
]]

local RECURRENT = "recurrent networks are not what this is for; K.rnn runs a step over time"
local MASKS = "there are no masks"
local ATTENTION = "not a part of convolutional networks; K.matmul and K.softmax make it"

-- By room: the names of r2.2, reasons for what is left out, and what differs in what is there.
local ROOMS = {
  { "layers", [[
AbstractRNNCell Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average
AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Bidirectional Concatenate Conv1D Conv2D
Conv2DTranspose Conv3D Conv3DTranspose
ConvLSTM2D Cropping1D Cropping2D Cropping3D Dense DenseFeatures DepthwiseConv2D Dot Dropout ELU Embedding Flatten GRU
GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D InputLayer InputSpec LSTM LSTMCell Lambda Layer
LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxPooling1D MaxPooling2D MaxPooling3D
Maximum Minimum Multiply PReLU Permute RNN ReLU RepeatVector Reshape SeparableConv1D SeparableConv2D SimpleRNN
SimpleRNNCell
Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D StackedRNNCells Subtract ThresholdedReLU TimeDistributed
UpSampling1D UpSampling2D UpSampling3D Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D]],
    {
      ActivityRegularization = "layers take activity_regularizer themselves",
      AdditiveAttention = ATTENTION, Attention = ATTENTION,
      AlphaDropout = "of self-normalizing networks alone; Dropout and GaussianDropout are there",
      DenseFeatures = "there are no feature columns",
      Embedding = "not a part of convolutional networks; K.gather looks rows up",
      InputLayer = "dw.Input{...} is the beginning of a graph",
      InputSpec = "shapes are checked when a layer is built",
      LocallyConnected1D = "K.local_conv1d computes it", LocallyConnected2D = "K.local_conv2d computes it",
      Masking = MASKS, Wrapper = "a layer may hold others in its fields",
      TimeDistributed = "Dense, and layers of images after a Reshape, do this",
      AbstractRNNCell = RECURRENT, Bidirectional = RECURRENT, ConvLSTM2D = RECURRENT, GRU = RECURRENT,
      GRUCell = RECURRENT, LSTM = RECURRENT, LSTMCell = RECURRENT, RNN = RECURRENT, SimpleRNN = RECURRENT,
      SimpleRNNCell = RECURRENT,
      StackedRNNCells = RECURRENT,
    },
    { Layer = 'dw.layers.Layer "Name" { ... } makes a class',
      Permute = "dims count from 1 without the batch, as in Keras" },
  },
  { "optimizers", "Adadelta Adagrad Adam Adamax Ftrl Nadam Optimizer RMSprop SGD", {},
    { Optimizer = 'dw.optimizers.Optimizer "Name" { ... } makes a class' } },
  { "optimizers.schedules", [[
ExponentialDecay InverseTimeDecay LearningRateSchedule PiecewiseConstantDecay PolynomialDecay]], {},
    { LearningRateSchedule = 'dw.optimizers.schedules.LearningRateSchedule "Name" { ... } makes a class; a function of '
      .. "the steps made is one, too" } },
  { "losses", [[
BinaryCrossentropy CategoricalCrossentropy CategoricalHinge CosineSimilarity Hinge Huber KLDivergence LogCosh Loss
MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson Reduction
SparseCategoricalCrossentropy SquaredHinge]],
    { Reduction = "the option reduction is a string" },
    { Loss = 'dw.losses.Loss "Name" { ... } makes a class; a function of y_true and y_pred is one, too',
      SparseCategoricalCrossentropy = "labels count from 1" } },
  { "metrics", [[
AUC Accuracy BinaryAccuracy BinaryCrossentropy CategoricalAccuracy CategoricalCrossentropy CategoricalHinge
CosineSimilarity FalseNegatives FalsePositives Hinge KLDivergence LogCoshError Mean MeanAbsoluteError
MeanAbsolutePercentageError MeanIoU MeanRelativeError MeanSquaredError MeanSquaredLogarithmicError MeanTensor Metric
Poisson Precision PrecisionAtRecall Recall RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity
SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy SpecificityAtSensitivity
SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives TruePositives]], {},
    { Metric = 'dw.metrics.Metric "Name" { ... } makes a class', MeanIoU = "labels count from 1",
      SparseCategoricalAccuracy = "labels count from 1", SparseCategoricalCrossentropy = "labels count from 1",
      SparseTopKCategoricalAccuracy = "labels count from 1", Precision = "class_id counts from 1",
      Recall = "class_id counts from 1", MeanTensor = "its result is a tensor",
      SensitivityAtSpecificity = "the largest that meets the constraint, as from 2.3 on",
      SpecificityAtSensitivity = "the largest that meets the constraint, as from 2.3 on" } },
  { "callbacks", [[
BaseLogger CSVLogger Callback EarlyStopping History LambdaCallback LearningRateScheduler ModelCheckpoint ProgbarLogger
ReduceLROnPlateau RemoteMonitor TensorBoard TerminateOnNaN]],
    { BaseLogger = "fit averages over batches itself", ProgbarLogger = "fit has its own bar, by verbose",
      RemoteMonitor = "nothing is sent over a network; a callback of your own can",
      TensorBoard = "its files are another program's; CSVLogger writes text" },
    { Callback = 'dw.callbacks.Callback "Name" { ... } makes a class; a table with methods is one, too',
      CSVLogger = "epochs count from 1", LearningRateScheduler = "epochs count from 1",
      EarlyStopping = "the best weights come back at the end of every training, as in 2.21" } },
  { "initializers", [[
Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity Initializer LecunNormal LecunUniform Ones Orthogonal
RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros]], {},
    { Initializer = 'dw.initializers.Initializer "Name" { ... } makes a class; a function is one, too' } },
  { "regularizers", "L1L2 Regularizer l1 l1_l2 l2", {},
    { Regularizer = 'dw.regularizers.Regularizer "Name" { ... } makes a class; a function is one, too' } },
  { "constraints", "Constraint MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm",
    { RadialConstraint = "Keras's takes the corner of a kernel for its centre" },
    { Constraint = 'dw.constraints.Constraint "Name" { ... } makes a class; a function is one, too',
      MaxNorm = "axis counts from 1, and is 1 if left out", MinMaxNorm = "axis counts from 1, and is 1 if left out",
      UnitNorm = "axis counts from 1, and is 1 if left out" } },
}

local function table_of(room, names, left_out, differs)
  local lines, listed, here, missing = { "| Keras | here | |", "|---|---|---|" }, {}, 0, 0
  for name in names:gmatch "%S+" do
    listed[name] = true
    local there = rawget(room, name) ~= nil
    if not there and not left_out[name] then words.raise("%s is not there, and there is no reason why", name) end
    if there then here = here + 1 else missing = missing + 1 end
    lines[#lines + 1] = ("| %s | %s | %s |"):format(name, there and "there" or "left out",
      there and differs[name] or not there and left_out[name] or "")
  end
  local later = {}
  for name, v in pairs(room) do
    if type(v) == "table" and rawget(v, "construct") and v.name == name and not listed[name] then
      later[#later + 1] = name
    end
  end
  table.sort(later)
  local count = ("%d there, %d left out."):format(here, missing)
  if #later > 0 then count = count .. " Besides, of later versions: " .. table.concat(later, ", ") .. "." end
  return table.concat(lines, "\n"), count
end

return function()
  local parts = { HEAD }
  for _, r in ipairs(ROOMS) do
    local room = dw
    for part in r[1]:gmatch "%w+" do room = room[part] end
    local rows, count = table_of(room, r[2], r[3], r[4])
    parts[#parts + 1] = ("## dw.%s\n\n%s\n\n%s\n"):format(r[1], count, rows)
  end
  return table.concat(parts, "\n")
end
