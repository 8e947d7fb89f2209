/**
 * Realistic: a rule file that uses everything there is, for tests that mutate or print it.
 */
export const REALISTIC = `use geo from "./geo.js" { database "geo.mmdb"; refresh 60s }   # adds the field country

list   office  = ips 203.0.113.0/24, 2001:db8:10::/48
define admin   = path under /admin
define apicall = path under /api, /v1
define scanner = header User-Agent contains "sqlmap", "nikto" anycase

listener plain on :80 {
  otherwise redirect 308 to "https://{host}{path}{query}"
}

listener edge on 127.0.0.1:8443 {
  client ip from header X-Forwarded-For trust office, 10.0.0.0/8
  timeout header 10s, idle 60s
  body at most 10MiB
  connections at most 10000
  connections at most 100 per ip

  # guards: the first verdict wins
  deny ip 198.51.100.0/24
  deny country KP and not ip office
  allow path under /.well-known/acme-challenge
  deny scanner or method TRACE, CONNECT
  deny 404 when admin and not ip office
  redirect 301 to "https://www.example.com{path}{query}" when host example.com

  # changes: every matching line applies
  set header X-Request-Id to "{request.id}"
  remove header X-Debug when not ip office

  # routes: the first match wins
  send to api when apicall
  send to api when (host like *.api.example.com
                    or path matches r"^/v[0-9]+/") and
                   header X-Team is blue, "light blue"
  otherwise send to app
}

backend app {
  server web1 10.1.0.11:8080 weight 3
  server web2 10.1.0.12:8080 max 200
  server spare 10.1.0.13:8080 backup
  balance least-connections
  stick on cookie sid ttl 8h
  check GET /healthz every 2s timeout 1s expect 200 fall 3 rise 2
  retry 3 on connect-failure, 503 using another server
  timeout connect 5s, response 30s, tunnel 15m, queue 5s
}
backend api of api-1.internal:8443, [2001:db8::1]:8443, unix:/run/api.sock { check tcp every 5s jitter 20% port 9000 }

listener db on :5432 tcp {                 # a listener speaks http unless it says tcp
  deny not ip office
  otherwise send to postgres
}
backend postgres of 10.4.0.1:5432, 10.4.0.2:5432

settings { threads 4 }
`;
