-- What wrk asks: the verification of a key of the file, at random or one after another.
-- Arguments: the file of the keys, "random" or "sequential". Requests are made before the clock starts.
local requests, random, n = {}, true, 0

function init(args)
  random = args[2] == "random"
  for key in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", "/api/v1/licencas/verificar/" .. key)
  end
  math.randomseed(42)
end

function request()
  if random then return requests[math.random(#requests)] end
  n = n % #requests + 1
  return requests[n]
end
