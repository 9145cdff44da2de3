-- POST /api/invoke_endpoint by many users in turn: arguments are the agent's id and the keys.
local requests = {}
local turn = 0

function init(args)
    local body = '{"agent_id": "' .. args[1] .. '", "message": "What happens behind the curtain?"}'
    for i = 2, #args do
        requests[#requests + 1] = wrk.format('POST', '/api/invoke_endpoint', {
            ['Content-Type'] = 'application/json',
            ['Authorization'] = 'Bearer ' .. args[i],
        }, body)
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end
