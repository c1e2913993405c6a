-- PATCHes 10,000 users in turn, each with a name it did not have before.
--
--   wrk -t2 -c64 -d10s --latency -s checks/bench/patch.lua http://127.0.0.1:3030

local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local headers = { ["Content-Type"] = "application/json" }
local sent = 0
function request()
  sent = sent + 1
  local user = (sent % 5000) * 2 + number
  local body = string.format(
    '{"email":"u%d@example.com","firstName":"N%d","lastName":"L"}', user, sent)
  return wrk.format("PATCH", "/users/u" .. user, headers, body)
end
