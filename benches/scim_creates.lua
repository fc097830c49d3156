-- wrk: one new user for each request. Threads and connections never make the same name.
local thread_number = 0

function setup(thread)
    thread_number = thread_number + 1
    thread:set("number", thread_number)
end

function init(_)
    serial = 0
    run = os.getenv("RUN") or "r"
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/scim+json"
    wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
end

function request()
    serial = serial + 1
    local name = string.format("%s-%d-%d@acme.com", run, number, serial)
    return wrk.format(nil, nil, nil, string.format(
        '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"%s",' ..
        '"name":{"givenName":"Given","familyName":"Family"},' ..
        '"emails":[{"primary":true,"value":"%s","type":"work"}],"active":true}', name, name))
end
