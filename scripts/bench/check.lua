-- What wrk asks: whether there is an update, as one of the machines whose tokens are in a file.
-- Arguments: the file of the tokens, "random" or "sequential". Requests are made before the clock starts.
local requests, random, n = {}, true, 0

function init(args)
  random = args[2] == "random"
  local body = '{"versao_atual":"1.0.900","plataforma":"linux","arquitetura":"x64"}'
  for token in io.lines(args[1]) do
    local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token }
    requests[#requests + 1] = wrk.format("POST", "/api/v1/uploads/versao/check", headers, body)
  end
  math.randomseed(42)
end

function request()
  if random then return requests[math.random(#requests)] end
  n = n % #requests + 1
  return requests[n]
end
