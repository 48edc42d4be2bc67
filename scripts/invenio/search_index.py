"""Stands in for OpenSearch so far as InvenioRDM needs it: documents in memory, exact queries.

    search_index.py PORT [SNAPSHOT]

Indices, aliases, single and bulk writes, get, search, count and delete by query. A search answers the
boolean queries that InvenioRDM builds; there is no relevance, so every hit scores 1. Unknown queries are an
error (400), never a silent match. SNAPSHOT is loaded at the start if it exists; POST /_snapshot_now writes it.
"""

import fnmatch
import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

VERSION = {
    "distribution": "opensearch",
    "number": "2.11.0",
    "minimum_wire_compatibility_version": "7.10.0",
    "minimum_index_compatibility_version": "7.0.0",
}
SHARDS = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}


class BadQuery(Exception):
    pass


def as_list(value):
    return value if isinstance(value, list) else [value]


def values(document, path):
    """All values at a dotted path, through lists."""
    found = [document]
    for step in path.split("."):
        inner = []
        for value in found:
            for item in as_list(value):
                if isinstance(item, dict) and step in item:
                    inner += as_list(item[step])
        found = inner
    return found


def texts(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif value is not None:
        yield str(value)


def field(name):
    """The stored field behind a sub-field for another way of indexing."""
    return re.sub(r"\.(keyword|sort|english|accent_edge|partial)$", "", name)


def key(value):
    return "true" if value is True else "false" if value is False else str(value)


def one_field(body):
    fields = [(name, value) for name, value in body.items() if name != "boost"]
    if len(fields) != 1:
        raise BadQuery(f"one field expected: {body}")
    return fields[0]


def words_match(text, document, fields):
    """A query text of a person: words, `field:value` and phrases, all of which must match."""
    found = values if fields else None
    whole = " ".join(texts(document)).lower()
    for clause in re.findall(r'[\w.\\]+:"[^"]*"|[\w.\\]+:\S+|"[^"]*"|[^\s()]+', text):
        if clause in ("AND", "*", "&&"):
            continue
        name, colon, value = clause.partition(":")
        value = (value if colon else clause).strip('"()')
        if colon and re.fullmatch(r"[\w.\\]+", name):
            named = [key(v).lower() for v in values(document, field(name.replace("\\", "")))]
            if not any(fnmatch.fnmatchcase(v, value.lower()) for v in named):
                return False
        else:
            where = whole
            if found and fields != ["*"]:
                where = " ".join(t for f in fields for t in texts(found(document, field(f.split("^")[0])))).lower()
            if value.strip("*").lower() not in where:
                return False
    return True


def in_range(value, bounds):
    tests = {"gte": lambda a, b: a >= b, "gt": lambda a, b: a > b, "lte": lambda a, b: a <= b, "lt": lambda a, b: a < b}
    return all(tests[name](key(value), key(bound)) for name, bound in bounds.items() if name in tests)


def boolean(body, document, identifier):
    def test(query):
        return matches(query, document, identifier)

    musts = as_list(body.get("must", [])) + as_list(body.get("filter", []))
    shoulds = as_list(body.get("should", []))
    if not all(map(test, musts)) or any(map(test, as_list(body.get("must_not", [])))):
        return False
    needed = "minimum_should_match" in body or not musts
    return not shoulds or not needed or any(map(test, shoulds))


def matches(query, document, identifier):
    if not query:
        return True
    if len(query) != 1:
        return all(matches({kind: body}, document, identifier) for kind, body in query.items())
    ((kind, body),) = query.items()
    if kind == "match_all":
        return True
    if kind == "match_none":
        return False
    if kind == "ids":
        return identifier in map(str, body["values"])
    if kind in ("term", "match", "match_phrase"):
        name, wanted = one_field(body)
        if isinstance(wanted, dict):
            wanted = wanted.get("value", wanted.get("query"))
        return any(key(v).lower() == key(wanted).lower() for v in values(document, field(name)))
    if kind == "terms":
        name, wanted = one_field(body)
        return any(key(v) in set(map(key, wanted)) for v in values(document, field(name)))
    if kind == "exists":
        return bool(values(document, field(body["field"])))
    if kind == "prefix":
        name, wanted = one_field(body)
        start = wanted["value"] if isinstance(wanted, dict) else wanted
        return any(key(v).startswith(start) for v in values(document, field(name)))
    if kind == "range":
        name, bounds = one_field(body)
        return any(in_range(v, bounds) for v in values(document, field(name)))
    if kind == "bool":
        return boolean(body, document, identifier)
    if kind in ("constant_score", "nested", "function_score"):
        return matches(body.get("filter") or body.get("query"), document, identifier)
    if kind == "dis_max":
        return any(matches(inner, document, identifier) for inner in body["queries"])
    if kind in ("query_string", "simple_query_string", "multi_match"):
        return words_match(body["query"], document, body.get("fields"))
    raise BadQuery(f"unknown query {kind!r}")


class Indices:
    """All documents by index and id; aliases name indices."""

    def __init__(self, snapshot):
        self.lock = threading.RLock()
        self.snapshot = snapshot
        self.indices, self.aliases, self.serial = {}, {}, 0
        if snapshot and os.path.exists(snapshot):
            with open(snapshot, encoding="utf-8") as file:
                self.indices, self.aliases, self.serial = json.load(file)

    def save(self):
        with open(self.snapshot, "w", encoding="utf-8") as file:
            json.dump([self.indices, self.aliases, self.serial], file)

    def named(self, names):
        found = []
        for pattern in names.split(","):
            found += [i for i in self.indices if fnmatch.fnmatchcase(i, pattern)]
            found += [i for a, of in self.aliases.items() if fnmatch.fnmatchcase(a, pattern) for i in of]
        return list(dict.fromkeys(found))

    def index(self, name):
        """The index to write into, made if it is not there."""
        found = (self.named(name) or [name])[0]
        self.indices.setdefault(found, {})
        return found

    def alias(self, alias, index):
        for name in index.split(","):
            if name not in self.aliases.setdefault(alias, []):
                self.aliases[alias].append(name)

    def search(self, names, query):
        return [
            {"_index": index, "_id": identifier, "_score": 1.0, "_version": 1, "_source": document}
            for index in self.named(names)
            for identifier, document in self.indices[index].items()
            if matches(query, document, identifier)
        ]

    def write(self, index, identifier, document):
        self.serial += 1
        identifier = str(self.serial) if identifier is None else str(identifier)
        self.indices[index][identifier] = document
        return identifier


def sort_hits(hits, orders):
    for order in reversed(as_list(orders or [])):
        name, how = order, "asc"
        if isinstance(order, dict):
            ((name, how),) = order.items()
            how = how.get("order", "asc") if isinstance(how, dict) else how
        elif order.startswith("-"):
            name, how = order[1:], "desc"
        if name not in ("_score", "_doc"):
            hits.sort(key=lambda hit: key((values(hit["_source"], field(name)) or [""])[0]), reverse=how == "desc")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = None

    def log_message(self, *_args):
        pass

    def answer(self, body, status=200):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def handle_request(self):
        url = urlsplit(self.path)
        path = [unquote(part) for part in url.path.split("/") if part]
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with self.store.lock:
                body, status = self.route(path, parse_qs(url.query), raw)
        except BadQuery as error:
            print(f"{self.command} {self.path}: {error}", flush=True)
            body, status = {"error": {"type": "parsing_exception", "reason": str(error)}, "status": 400}, 400
        self.answer(body, status)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_request

    def route(self, path, arguments, raw):
        store, last = self.store, path[-1] if path else ""
        done = {"acknowledged": True}
        if not path:
            return {"name": "local", "cluster_name": "local", "cluster_uuid": "local", "version": VERSION}, 200
        if last == "_snapshot_now":
            store.save()
            return done, 200
        if last == "_bulk":
            return self.bulk(path[0], raw), 200
        if path[0] == "_cluster":
            return {"status": "green", "number_of_nodes": 1, "persistent": {}, "transient": {}}, 200
        if path[0] in ("_index_template", "_template", "_component_template", "_ingest"):
            return done, 404 if self.command == "HEAD" else 200
        if last in ("_refresh", "_flush"):
            return {"_shards": SHARDS}, 200
        if path[0] == "_search" and "scroll" in path:
            return {"succeeded": True, "hits": {"total": {"value": 0, "relation": "eq"}, "hits": []}}, 200
        if last in ("_search", "_count", "_delete_by_query", "_update_by_query"):
            return self.by_query(path, last, arguments, json.loads(raw or b"{}")), 200
        if last == "_mget":
            return self.many(path, json.loads(raw or b"{}")), 200
        if len(path) >= 2 and path[1] in ("_doc", "_create"):
            return self.document(path, raw)
        if path[0] == "_aliases":
            for action in json.loads(raw or b"{}").get("actions", []):
                if "add" in action:
                    store.alias(action["add"]["alias"], action["add"]["index"])
            return done, 200
        if path[0] == "_alias":
            return {i: {"aliases": {a: {}}} for a, of in store.aliases.items() for i in of}, 200
        if len(path) >= 2 and path[1] in ("_alias", "_aliases"):
            if self.command in ("PUT", "POST"):
                store.alias(path[2], path[0])
                return done, 200
            return {}, 200 if last in store.aliases else 404
        if len(path) == 1:
            return self.whole_index(path[0], raw)
        return done, 200  # settings, mappings and the like change nothing here

    def whole_index(self, name, raw):
        store = self.store
        if self.command == "PUT":
            store.indices.setdefault(name, {})
            for alias in json.loads(raw or b"{}").get("aliases", {}):
                store.alias(alias, name)
            return {"acknowledged": True, "shards_acknowledged": True, "index": name}, 200
        found = store.named(name)
        if self.command == "HEAD":
            return None, 200 if found else 404
        if self.command == "DELETE":
            for index in found:
                del store.indices[index]
                for of in store.aliases.values():
                    of[:] = [i for i in of if i != index]
            return {"acknowledged": True}, 200
        return {index: {} for index in found}, 200

    def document(self, path, raw):
        store, index = self.store, self.store.index(path[0])
        identifier = path[2] if len(path) > 2 else None
        about = {"_index": index, "_id": identifier, "_version": 1}
        if self.command in ("PUT", "POST"):
            about["_id"] = store.write(index, identifier, json.loads(raw))
            return about | {"result": "created", "_shards": SHARDS}, 201
        if self.command == "DELETE":
            gone = store.indices[index].pop(identifier, None)
            return about | {"result": "not_found" if gone is None else "deleted"}, 404 if gone is None else 200
        found = store.indices[index].get(identifier)
        return about | {"found": found is not None, "_source": found}, 404 if found is None else 200

    def many(self, path, query):
        wanted = [(d.get("_index", path[0]), d["_id"]) for d in query.get("docs", [])]
        wanted += [(path[0], i) for i in query.get("ids", [])]
        documents = []
        for name, identifier in wanted:
            index = self.store.index(name)
            found = self.store.indices[index].get(str(identifier))
            documents.append({"_index": index, "_id": identifier, "found": found is not None, "_source": found})
        return {"docs": documents}

    def bulk(self, default, raw):
        store, items = self.store, []
        lines = iter([line for line in raw.split(b"\n") if line.strip()])
        for line in lines:
            ((action, about),) = json.loads(line).items()
            index, identifier = store.index(about.get("_index", default)), about.get("_id")
            if action == "delete":
                store.indices[index].pop(str(identifier), None)
            else:
                document = json.loads(next(lines))
                if action == "update":
                    old = store.indices[index].get(str(identifier), {})
                    document = old | document.get("doc", {})
                identifier = store.write(index, identifier, document)
            items.append({action: {"_index": index, "_id": identifier, "status": 200, "_version": 1}})
        return {"took": 1, "errors": False, "items": items}

    def by_query(self, path, kind, arguments, query):
        store = self.store
        hits = store.search(path[0] if len(path) > 1 else "*", query.get("query"))
        if kind == "_count":
            return {"count": len(hits), "_shards": SHARDS}
        if kind != "_search":
            if kind == "_delete_by_query":
                for hit in hits:
                    store.indices[hit["_index"]].pop(hit["_id"], None)
            done = len(hits) if kind == "_delete_by_query" else 0
            return {"deleted": done, "updated": 0, "total": done, "failures": [], "took": 1, "timed_out": False}
        sort_hits(hits, query.get("sort"))
        first = int(arguments.get("from", [query.get("from", 0)])[0])
        size = int(arguments.get("size", [query.get("size", 10)])[0])
        if "scroll" in arguments:
            size = len(hits)
        empty = {"buckets": [], "doc_count_error_upper_bound": 0, "sum_other_doc_count": 0, "doc_count": 0}
        return {
            "_scroll_id": "all",
            "took": 1,
            "timed_out": False,
            "_shards": SHARDS,
            "hits": {
                "total": {"value": len(hits), "relation": "eq"},
                "max_score": 1.0,
                "hits": hits[first : first + size],
            },
            "aggregations": {name: empty for name in query.get("aggs", query.get("aggregations")) or {}},
        }


def main():
    Handler.store = Indices(sys.argv[2] if len(sys.argv) > 2 else None)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
