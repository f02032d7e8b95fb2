-- Asks Kong's own meta-schema what it says of the schemas in verdicts.jsonl, without the rest of Kong.
--
--   luajit -joff oracle.lua KONG < verdicts.jsonl
--
-- KONG is a directory with the source of one release. Writes A or R for each line: accepted or refused, where an error
-- that is raised in Lua refuses, as it keeps Kong from starting. Needs lua-cjson and penlight.

local source = assert(arg[1], "usage: luajit -joff oracle.lua KONG < verdicts.jsonl")
package.path = source .. "/?.lua;" .. source .. "/?/init.lua;" .. package.path

local cjson = require "cjson"
cjson.array_mt = {}

-- Of OpenResty and of the rest of Kong: what the schema library touches.
local nothing = function() end
local uuid = "01234567-89ab-cdef-0123-456789abcdef"
local uuid_pattern = "^" .. uuid:gsub("%w", "%%x"):gsub("%-", "%%-") .. "$"

ngx = {
  null = cjson.null,
  re = { match = nothing, find = function(text) return text:lower():match(uuid_pattern) and 1 end },
  update_time = nothing,
  time = function() return 1700000000 end,
  now = function() return 1700000000.5 end,
  log = nothing,
  config = { subsystem = "http" },
  worker = {},
  get_phase = function() return "init" end,
}
kong = { configuration = {}, log = setmetatable({}, { __index = function() return nothing end }) }

local function copy(value, _, _, seen)
  if type(value) ~= "table" then return value end
  seen = seen or {}
  if seen[value] then return seen[value] end
  local result = {}
  seen[value] = result
  for k, v in pairs(value) do result[k] = copy(v, nil, nil, seen) end
  return setmetatable(result, getmetatable(value))
end

local function is_reference(text)
  return type(text) == "string" and text:sub(1, 9) == "{vault://" and text:sub(-1) == "}"
end

local function is_schema(value)
  if type(value) == "table" then return true end
  return nil, "no table"
end

local tables = {
  cycle_aware_deep_copy = copy,
  deep_copy = copy,
  cycle_aware_deep_merge = nothing,
  table_merge = nothing,
  null_aware_table_merge = nothing,
  table_path = nothing,
  is_array = function(value) return #value > 0 end,
}
local random = { random_string = function() return "abcdefghijklmnopqrstuvwxyz012345" end }
local stubs = {
  ["cjson.safe"] = { decode = nothing, array_mt = cjson.array_mt },
  ["table.nkeys"] = nothing,
  ["table.isarray"] = nothing,
  ["table.clone"] = nothing,
  ["kong.pdk.vault"] = { is_reference = is_reference, new = function() return { is_reference = is_reference } end },
  -- What stands in a JSON schema is not looked at.
  ["kong.db.schema.json"] = { validate = function() return true end, validate_schema = is_schema },
  ["kong.constants"] = { SCHEMA_NAMESPACES = { PROXY_WASM_FILTERS = "proxy-wasm-filters" } },
  ["kong.deprecation"] = nothing,
  ["kong.tools.string"] = {},
  ["kong.tools.table"] = tables,
  ["kong.tools.rand"] = random,
  ["kong.tools.uuid"] = { uuid = function() return uuid end },
  ["kong.tools.yield"] = { yield = nothing },
  ["kong.tools.cjson"] = { array_mt = cjson.array_mt },
}
stubs["kong.tools.utils"] = setmetatable(
  { random_string = random.random_string, uuid = stubs["kong.tools.uuid"].uuid, yield = nothing }, { __index = tables })
for name, stub in pairs(stubs) do
  package.preload[name] = function() return stub end
end

-- Kong changes tables while it walks through them, so that it may miss entries by chance: here it sees them all.
local walk = pairs
function pairs(t)
  local keys, i = {}, 0
  for k in walk(t) do keys[#keys + 1] = k end
  return function()
    repeat i = i + 1 until keys[i] == nil or t[keys[i]] ~= nil
    if keys[i] ~= nil then return keys[i], t[keys[i]] end
  end
end

local MetaSchema = require "kong.db.schema.metaschema"
local Entity = require "kong.db.schema.entity"

for _, name in ipairs { "ca_certificates", "certificates", "consumers", "routes", "services", "snis", "upstreams" } do
  Entity.new({ name = name, primary_key = { "id" }, fields = { { id = { type = "string", uuid = true, auto = true } } } })
end

local function accepts(config)
  local schema = { name = "p", fields = { { config = config } } }
  if not MetaSchema.MetaSubSchema:validate(schema) then return false end
  local plugins = Entity.new({
    name = "plugins", primary_key = { "id" }, subschema_key = "name",
    fields = { { name = { type = "string", required = true } }, { config = { type = "record", abstract = true } } },
  })
  return plugins:new_subschema("p", schema)
end

for line in io.lines() do
  local fine, accepted = pcall(accepts, cjson.decode(line).schema)
  io.write(fine and accepted and "A" or "R", "\n")
end
