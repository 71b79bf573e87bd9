-- help/keras.lua: the classes of Keras 2, as TensorFlow 2.2 has them, beside those of dwconv: for each one its place
-- here, or why it is left out. Called by init.lua, which makes a page of the reference of it.

local lookup = require "dwconv.lookup"

local keras = {}

local function words(text)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = word end
  return list
end

local SERVICE <const> = "get_config, from_config and model:save do it"
local BASE <const> = "a base class of Python"
local RECURRENT <const> = "recurrent networks are out of scope; K.rnn runs a step function"
local ATTENTION <const> = "networks of attention are out of scope; K.batch_dot and K.softmax are their parts"
local MASKS <const> = "there are no masks"
local RADIAL <const> = "rarely used; a function(w) that makes kernels alike at each radius does it"
local GRAPH <const> = "tables of features, for estimators"

-- Names by namespace; `why` for those that are not there.
keras.names = {
  { room = "layers", names = words [[
AbstractRNNCell Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average AveragePooling1D
AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization Bidirectional Concatenate Conv1D
Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM2D Convolution1D Convolution2D Convolution2DTranspose
Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D Dense DenseFeatures DepthwiseConv2D Dot Dropout
ELU Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D
GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D InputLayer InputSpec LSTM LSTMCell Lambda Layer
LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxPool1D MaxPool2D MaxPool3D MaxPooling1D
MaxPooling2D MaxPooling3D Maximum Minimum Multiply PReLU Permute RNN ReLU RepeatVector Reshape SeparableConv1D
SeparableConv2D SeparableConvolution1D SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax SpatialDropout1D
SpatialDropout2D SpatialDropout3D StackedRNNCells Subtract ThresholdedReLU TimeDistributed UpSampling1D UpSampling2D
UpSampling3D Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D]],
    why = {
      AbstractRNNCell = RECURRENT, Bidirectional = RECURRENT, ConvLSTM2D = RECURRENT, GRU = RECURRENT,
      GRUCell = RECURRENT, LSTM = RECURRENT, LSTMCell = RECURRENT, RNN = RECURRENT, SimpleRNN = RECURRENT,
      SimpleRNNCell = RECURRENT, StackedRNNCells = RECURRENT,
      TimeDistributed = "a layer that works on the last axes does it; else reshape around it",
      AdditiveAttention = ATTENTION, Attention = ATTENTION,
      DenseFeatures = GRAPH, Masking = MASKS, InputLayer = "dw.Input", Wrapper = BASE,
      InputSpec = "errors of shapes come from running on dw.Input",
    } },
  { room = "layers", title = "layers.experimental.preprocessing", names = words [[
CenterCrop Normalization RandomContrast RandomCrop RandomFlip RandomHeight RandomRotation RandomTranslation RandomWidth
Rescaling Resizing TextVectorization]],
    why = {
      RandomHeight = "batches of changing sizes; RandomZoom keeps the size",
      RandomWidth = "batches of changing sizes; RandomZoom keeps the size",
      TextVectorization = "text is out of scope",
    } },
  { room = "activations", names = words [[
deserialize elu exponential get hard_sigmoid linear relu selu serialize sigmoid softmax softplus softsign swish tanh]],
    why = { deserialize = SERVICE, serialize = SERVICE, get = "options take the names themselves" } },
  { room = "initializers", names = words [[
Constant GlorotNormal GlorotUniform Identity Initializer Ones Orthogonal RandomNormal RandomUniform TruncatedNormal
VarianceScaling Zeros constant deserialize get glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal
lecun_uniform ones orthogonal serialize zeros]],
    why = { deserialize = SERVICE, serialize = SERVICE } },
  { room = "regularizers", names = words "L1L2 Regularizer deserialize get l1 l1_l2 l2 serialize",
    why = { deserialize = SERVICE, serialize = SERVICE } },
  { room = "constraints", names = words [[
Constraint MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm deserialize get max_norm min_max_norm non_neg
radial_constraint serialize unit_norm]],
    why = {
      RadialConstraint = RADIAL, radial_constraint = RADIAL, deserialize = SERVICE, serialize = SERVICE,
    } },
  { room = "losses", names = words [[
BinaryCrossentropy CategoricalCrossentropy CategoricalHinge CosineSimilarity Hinge Huber KLD KLDivergence LogCosh Loss
MAE MAPE MSE MSLE MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
Reduction SparseCategoricalCrossentropy SquaredHinge binary_crossentropy categorical_crossentropy categorical_hinge
cosine_similarity deserialize get hinge kld kullback_leibler_divergence logcosh mae mape mean_absolute_error
mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error mse msle poisson serialize
sparse_categorical_crossentropy squared_hinge]],
    why = {
      Reduction = "the option reduction takes the words", deserialize = SERVICE, serialize = SERVICE,
    } },
  { room = "metrics", names = words [[
AUC Accuracy BinaryAccuracy BinaryCrossentropy CategoricalAccuracy CategoricalCrossentropy CategoricalHinge
CosineSimilarity FalseNegatives FalsePositives Hinge KLD KLDivergence LogCoshError MAE MAPE MSE MSLE Mean
MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanRelativeError MeanSquaredError MeanSquaredLogarithmicError
MeanTensor Metric Poisson Precision PrecisionAtRecall Recall RootMeanSquaredError SensitivityAtSpecificity
SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy SpecificityAtSensitivity
SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives TruePositives binary_accuracy binary_crossentropy
categorical_accuracy categorical_crossentropy deserialize get hinge kld kullback_leibler_divergence mae mape
mean_absolute_error mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error mse msle poisson
serialize sparse_categorical_accuracy sparse_categorical_crossentropy sparse_top_k_categorical_accuracy squared_hinge
top_k_categorical_accuracy]],
    why = { deserialize = SERVICE, serialize = SERVICE } },
  { room = "optimizers", names = words [[
Adadelta Adagrad Adam Adamax Ftrl Nadam Optimizer RMSprop SGD deserialize get schedules serialize]],
    why = { deserialize = SERVICE, serialize = SERVICE } },
  { room = "optimizers.schedules", names = words [[
ExponentialDecay InverseTimeDecay LearningRateSchedule PiecewiseConstantDecay PolynomialDecay deserialize serialize]],
    why = { deserialize = SERVICE, serialize = SERVICE } },
  { room = "callbacks", names = words [[
BaseLogger CSVLogger Callback EarlyStopping History LambdaCallback LearningRateScheduler ModelCheckpoint ProgbarLogger
ReduceLROnPlateau RemoteMonitor TensorBoard TerminateOnNaN]],
    why = {
      BaseLogger = "fit averages what it logs itself", ProgbarLogger = "fit's option verbose",
      RemoteMonitor = "nothing here speaks to servers",
      TensorBoard = "its files are protocol buffers; CSVLogger writes text",
    } },
}

-- The table behind a room's name.
local function room_of(name)
  local room = require "dwconv"
  for part in name:gmatch "%w+" do room = room[part] end
  return room
end

--- Of one namespace: the names that are there, those that are not though nothing says why, those that are though they
--- are said to be left out, and the names that dwconv has besides.
function keras.compare(one)
  local room, known = room_of(one.room), {}
  local found = { there = {}, missing = {}, surplus = {}, more = {} }
  for _, name in ipairs(one.names) do
    known[name] = true
    local has, why = rawget(room, name) ~= nil, one.why[name]
    if has then table.insert(why and found.surplus or found.there, name) end
    if not has and not why then table.insert(found.missing, name) end
  end
  for name in pairs(room) do
    if not known[name] then table.insert(found.more, name) end
  end
  table.sort(found.more)
  return found
end

-- The names that are left out, by reason.
local function reasons(one)
  local by_reason, lines = {}, {}
  for _, name in ipairs(one.names) do
    local why = one.why[name]
    if why then
      by_reason[why] = by_reason[why] or {}
      table.insert(by_reason[why], name)
    end
  end
  for why, names in pairs(by_reason) do
    lines[#lines + 1] = lookup.lines(names, "  ") .. ":\n    " .. why
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

--- What the reference says: { name, text } for each namespace of Keras.
function keras.entries()
  local entries = {}
  for i, one in ipairs(keras.names) do
    local found = keras.compare(one)
    local lines = { ("There (%d of %d)\n%s"):format(#found.there, #one.names, lookup.lines(found.there, "  ")),
      "Left out, and why\n" .. reasons(one) }
    if #found.more > 0 and not one.title then
      lines[3] = "Besides\n" .. lookup.lines(found.more, "  ")
    end
    entries[i] = { name = "tf.keras." .. (one.title or one.room), text = table.concat(lines, "\n\n") }
  end
  return entries
end

return keras
