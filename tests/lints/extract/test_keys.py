"""Keys of Redis in code: builders, scripts, queues of commands, patterns; the label stood before the code was run."""

from __future__ import annotations

import pytest

from lints.extract.glance import glance
from lints.scan import scan
from lints.tenancy import Model

CASES = {
    "get tenant": ("const f=(tenantId,id)=>redis.get(`boat:${tenantId}:${id}`)", ["proven"]),
    "get no tenant": ("const f=(tenantId,id)=>redis.get(`boat:${id}`)", ["violation"]),
    "get no tenant fn w/o": ("const f=(id)=>redis.get(`boat:${id}`)", ["weak"]),
    "builder fn": (
        "const key=(tenantId,id)=>`boat:${tenantId}:${id}`; const f=(tenantId,id)=>redis.get(key(tenantId,id))",
        ["proven"],
    ),
    "builder fn w/o tenant": ("const key=(id)=>`boat:${id}`; const f=(tenantId,id)=>redis.get(key(id))", ["violation"]),
    "builder object": (
        "const keys={ boat:(t,id)=>`boat:${id}`}; const f=(tenantId,id)=>redis.get(keys.boat(tenantId,id))",
        ["violation"],
    ),
    "builder class": (
        "class C{ key(tenantId,id){ return `b:${tenantId}:${id}` } get(tenantId,id){ return this.redis.get(this.key(tenantId,id)) } bad(tenantId,id){ return this.redis.get('b:'+id) } }",
        ["proven", "violation"],
    ),
    "imported builder": (
        "import {boatKey} from './keys'; const f=(tenantId,id)=>redis.get(boatKey(tenantId,id))",
        ["proven"],
    ),
    "imported builder no t": (
        "import {boatKey} from './keys'; const f=(tenantId,id)=>redis.get(boatKey(id))",
        ["opaque"],
    ),
    "ctx.tenantId": ("const f=(ctx,id)=>redis.set(`boat:${ctx.tenantId}:${id}`, 1, 'EX', 60)", ["proven"]),
    "keys all": ("const f=()=>redis.keys('boat:*')", ["violation"]),
    "keys tenant": ("const f=(tenantId)=>redis.keys(`boat:${tenantId}:*`)", ["proven"]),
    "scan": ("const f=()=>redis.scan(0,'MATCH','boat:*')", ["violation"]),
    "scan tenant": ("const f=(tenantId)=>redis.scan(0,'MATCH',`boat:${tenantId}:*`)", ["proven"]),
    "scanStream": ("const f=()=>redis.scanStream({match:'boat:*'})", ["violation"]),
    "scanStream tenant": ("const f=(tenantId)=>redis.scanStream({match:`boat:${tenantId}:*`})", ["proven"]),
    "scanIterator": ("const f=(tenantId)=>redis.scanIterator({MATCH:`boat:*`})", ["violation"]),
    "flush": ("const f=()=>redis.flushall()", ["violation"]),
    "publish": ("const f=(tenantId,m)=>redis.publish('events', m)", ["weak"]),
    "publish t": ("const f=(tenantId,m)=>redis.publish(`events:${tenantId}`, m)", ["proven"]),
    "psubscribe": ("const f=()=>redis.psubscribe('events:*')", ["weak"]),
    "multi": (
        "const f=(tenantId,id)=>redis.multi().set(`boat:${id}`,1).expire(`boat:${id}`,60).exec()",
        ["violation", "violation"],
    ),
    "pipeline": (
        "const f=(tenantId,id)=>{ const p=redis.pipeline(); p.set(`boat:${id}`,1); p.get(`boat:${tenantId}:${id}`); return p.exec() }",
        ["violation", "proven"],
    ),
    "eval": ("const f=(tenantId,id)=>redis.eval(LUA, 1, `boat:${id}`, 5)", ["violation"]),
    "eval t": ("const f=(tenantId,id)=>redis.eval(LUA, 1, `boat:${tenantId}:${id}`, 5)", ["proven"]),
    "evalsha": ("const f=(tenantId,id)=>redis.evalsha(sha, 1, `boat:${id}`, 5)", ["violation"]),
    "eval v4": ("const f=(tenantId,id)=>redis.eval(LUA, {keys:[`boat:${id}`], arguments:[]})", ["violation"]),
    "hset": ("const f=(tenantId,id)=>redis.hset('boats', id, 1)", ["violation"]),
    "hset hash t": ("const f=(tenantId,id)=>redis.hset(`boats:${tenantId}`, id, 1)", ["proven"]),
    "hset field t": ("const f=(tenantId,id)=>redis.hset('boats', `${tenantId}:${id}`, 1)", ["proven"]),
    "mget": ("const f=(tenantId,ids)=>redis.mget(ids.map(id=>`boat:${id}`))", ["violation"]),
    "mget t": ("const f=(tenantId,ids)=>redis.mget(ids.map(id=>`boat:${tenantId}:${id}`))", ["proven"]),
    "del multi": ("const f=(tenantId,id)=>redis.del(`a:${tenantId}`, `b:${id}`)", ["proven", "violation"]),
    "this.client": ("class C{ get(tenantId,id){ return this.redisClient.get(`b:${id}`) } }", ["violation"]),
    "global key": ("const f=()=>redis.get('feature-flags')", []),
    "session by token": ("const f=(token)=>redis.get(`session:${token}`)", ["weak"]),
    "rate by ip": ("const f=(ip)=>redis.incr(`rl:${ip}`)", ["weak"]),
    "map cache": ("const cache=new Map(); const f=(tenantId,id)=>cache.get(id)", []),
    "lock": ("const f=(tenantId,id)=>redis.set(`lock:${id}`,'1','NX','PX',100)", ["violation"]),
    "keyPrefix const": ("const P='boat:'; const f=(tenantId,id)=>redis.get(P+tenantId+':'+id)", ["proven"]),
    "array join": ("const f=(tenantId,id)=>redis.get(['boat',tenantId,id].join(':'))", ["proven"]),
    "array join bad": ("const f=(tenantId,id)=>redis.get(['boat',id].join(':'))", ["violation"]),
    "id object": ("const f=(boat)=>redis.get(`boat:${boat.id}`)", ["weak"]),
    "orgs in name of literal": ("const f=(tenantId,id)=>redis.get(`tenant-boats:${id}`)", ["violation"]),
    "zadd t": ("const f=(tenantId)=>redis.zadd(`z:${tenantId}`,1,'a')", ["proven"]),
    "hgetall camel": ("const f=(tenantId,id)=>redis.hGetAll(`b:${id}`)", ["violation"]),
    "setEx": ("const f=(tenantId,id)=>redis.setEx(`b:${id}`,60,'1')", ["violation"]),
    "sendCommand": ("const f=(tenantId,id)=>redis.sendCommand(['GET',`b:${id}`])", ["violation"]),
    "call": ("const f=(tenantId,id)=>redis.call('GET',`b:${id}`)", ["violation"]),
}


@pytest.mark.parametrize("name", CASES)
def test_key(name: str) -> None:
    source, wanted = CASES[name]
    found = scan([("src/a.ts", source.encode())], Model(tables={}))
    assert [row.verdict for row in found.accesses] == wanted, [(row.sql, row.rule, row.why) for row in found.accesses]


@pytest.mark.parametrize(
    ("source", "looks"),
    [
        ("class C:\n    def get(self, key):\n        return self.cache.get(key)\n", False),
        ("class C:\n    def get(self, key):\n        return self.cache.get(key)\n\nfound = sorted(a, key=b)\n", False),
        ("def get(cache, boat):\n    key = f'boat:{boat}'\n    return cache.get(key)\n", True),
        ("import redis\ndef get(cache, key):\n    return cache.get(key)\n", True),
        ("def get(cache, boat):\n    return cache.get(f'boat:{boat}')\n", True),
    ],
)
def test_what_only_hands_on_a_key_is_not_looked_at(source: str, *, looks: bool) -> None:
    assert bool(glance("python", source.encode())) is looks
