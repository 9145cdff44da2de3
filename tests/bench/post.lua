-- POST the first argument to paths in turn, each with a key: path, key, path, key, ...
local requests = {}
local turn = 0

function init(args)
    for i = 2, #args, 2 do
        requests[#requests + 1] = wrk.format('POST', args[i], {
            ['Content-Type'] = 'application/json',
            ['Authorization'] = 'Bearer ' .. args[i + 1],
        }, args[1])
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end
