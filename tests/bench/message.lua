-- POST a message by the key that is the first argument, to each of the paths that follow in turn.
local requests = {}
local turn = 0

function init(args)
    for i = 2, #args do
        requests[#requests + 1] = wrk.format('POST', args[i], {
            ['Content-Type'] = 'application/json',
            ['Authorization'] = 'Bearer ' .. args[1],
        }, '{"role": "user", "content": "What happens behind the curtain?"}')
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end
