-- args/init.lua: what an argument is: the kinds of which records say their arguments, options and results are, checks
-- of what several must be together, and the words of errors. Called by everything in the Lua layer that looks at what a
-- script passes; knows the core and the configuration.

local words = require "dwconv.args.words"

return {
  kinds = require "dwconv.args.tensors",
  check = require "dwconv.args.check",
  options = require("dwconv.args.parser").options,
  raise = words.raise,
  show = words.show,
  hint = words.hint,
  sorted_keys = words.sorted_keys,
  call = words.call,
  call2 = words.call2,
  speaking = words.speaking,
  source = words.source,
  pass = words.pass,
}
