-- GET the first argument's path by the key that is the second.
local wanted

function init(args)
    wanted = wrk.format('GET', args[1], { ['Authorization'] = 'Bearer ' .. args[2] })
end

function request()
    return wanted
end
