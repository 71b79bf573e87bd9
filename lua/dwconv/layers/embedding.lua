-- layers/embedding.lua: Embedding: a learned row of numbers for each index.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local regularizers = require "dwconv.regularizers"
local shared = require "dwconv.layers.shared"

local kinds = args.kinds

layer.class "Embedding" {
  doc = [[
The rows of a learned table at the indices that x holds, which count from 1 to input_dim: n,...,output_dim of n,....
Weights: embeddings (input_dim,output_dim).]],
  leading = { "input_dim", "output_dim" },
  options = shared.with_weights({
    input_dim = kinds.whole(nil, 1),
    output_dim = kinds.whole(nil, 1),
    activity_regularizer = regularizers:kind(nil, true),
  }, { embeddings = "uniform" }),
  keeps_dtype = true,
  build = function(self)
    self.embeddings = shared.weight(self, "embeddings", { self.input_dim, self.output_dim })
  end,
  call = function(self, x)
    local whole = x.dtype == "int32" or x.dtype == "int64" or x.dtype == "uint8"
    return K.gather(self.embeddings, whole and x or K.cast(x, "int32"))
  end,
}
