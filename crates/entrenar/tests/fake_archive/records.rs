//! The records API.

use serde_json::{Map, Value, json};

use super::http::{Request, Response};
use super::{
    Inside, Parts, Record, StoredFile, error, invalid, md5, not_found, permission_denied, time,
};

pub(super) fn route(
    inside: &mut Inside,
    request: &Request,
    rest: &[&str],
    base: &str,
    is_ours: bool,
) -> Response {
    let method = request.method.as_str();
    // What is published is for everybody.
    match (method, rest) {
        ("GET", ["records", id]) => return published(inside, id, base),
        ("GET", ["records", id, "files"]) => {
            return match inside.records.get(*id).filter(|one| one.published) {
                Some(record) => listing(record, base, "records", 200),
                None => not_found(),
            };
        }
        ("GET", ["communities", slug]) => {
            return if slug.starts_with("no-such") {
                not_found()
            } else {
                Response::json(200, &json!({ "id": format!("uuid-{slug}"), "slug": slug }))
            };
        }
        _ => {}
    }
    if !is_ours || (inside.behaviour.no_scope && method != "GET") {
        return permission_denied();
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match (method, rest) {
        ("GET", ["user", "records"]) => search(inside, request, base),
        ("POST", ["records"]) => {
            if let Some(refused) = unknown_term(&body) {
                return refused;
            }
            let id = inside.new_id();
            let record = new_record(inside, &id, &id, body);
            let answer = Response::json(201, &shown(&record, base, true));
            inside.records.insert(id, record);
            answer
        }
        ("POST", ["records", id, "versions"]) => new_version(inside, id, base),
        ("POST", ["records", id, "communities"]) => join(inside, id, &body),
        (_, ["records", id, "draft", rest @ ..]) => {
            let there = inside.records.get(*id).is_some_and(|one| !one.published);
            if !there {
                return not_found();
            }
            draft(inside, request, id, rest, &body, base)
        }
        _ => not_found(),
    }
}

fn new_record(inside: &Inside, id: &str, parent: &str, body: Value) -> Record {
    Record {
        id: id.to_owned(),
        parent: parent.to_owned(),
        body,
        published: false,
        doi: None,
        files: Default::default(),
        communities: Vec::new(),
        created: inside.next,
        waits: None,
        hidden: inside.behaviour.search_lag,
    }
}

fn draft(
    inside: &mut Inside,
    request: &Request,
    id: &str,
    rest: &[&str],
    body: &Value,
    base: &str,
) -> Response {
    let prefix = inside.behaviour.prefix.clone();
    let no_reservation = inside.behaviour.no_reservation;
    let record = inside.records.get_mut(id).unwrap();
    match (request.method.as_str(), rest) {
        ("GET", []) => Response::json(200, &shown(record, base, true)),
        ("PUT", []) => {
            if let Some(refused) = unknown_term(body) {
                return refused;
            }
            record.body = body.clone();
            // A reserved DOI that is not sent along is given up.
            let sent = body.pointer("/pids/doi/identifier").and_then(Value::as_str);
            if record.doi.as_deref() != sent {
                record.doi = sent.map(str::to_owned);
            }
            Response::json(200, &shown(record, base, true))
        }
        ("DELETE", []) => {
            inside.records.remove(id);
            Response::empty(204)
        }
        ("POST", ["pids", "doi"]) if no_reservation => not_found(),
        ("POST", ["pids", "doi"]) => {
            if record.doi.is_some() {
                let field = json!({ "field": "pids.doi",
                    "messages": ["A PID already exists for type doi"] });
                return invalid(&[field]);
            }
            record.doi = Some(format!("{prefix}/{id}"));
            Response::json(201, &shown(record, base, true))
        }
        ("POST", ["actions", "publish"]) => publish(inside, id, base),
        (_, ["files", rest @ ..]) => files(inside, request, id, rest, body, base),
        _ => not_found(),
    }
}

fn files(
    inside: &mut Inside,
    request: &Request,
    id: &str,
    rest: &[&str],
    body: &Value,
    base: &str,
) -> Response {
    let method = request.method.as_str();
    match (method, rest) {
        ("GET", []) => listing(&inside.records[id], base, "draft", 200),
        ("POST", []) => announce(inside, id, body, base),
        ("GET", [key]) => match inside.records[id].files.get(*key) {
            Some(file) => Response::json(200, &entry(id, key, file, base)),
            None => error(404, &format!("Record '{id}' has no file '{key}'.")),
        },
        ("DELETE", [key]) => match inside.records.get_mut(id).unwrap().files.remove(*key) {
            Some(_) => Response::empty(204),
            None => error(404, &format!("Record '{id}' has no file '{key}'.")),
        },
        ("PUT", [key, "content"]) => content(inside, request, id, key, base),
        ("PUT", [key, "content", number]) => {
            let Ok(number) = number.parse() else {
                return not_found();
            };
            part(inside, request, id, key, number)
        }
        ("POST", [key, "commit"]) => commit(inside, id, key, base),
        _ => not_found(),
    }
}

fn announce(inside: &mut Inside, id: &str, body: &Value, base: &str) -> Response {
    let Some(entries) = body.as_array() else {
        return error(400, "Invalid list of files.");
    };
    let policy = inside.behaviour.parts;
    let record = inside.records.get_mut(id).unwrap();
    for one in entries {
        let Some(key) = one["key"].as_str() else {
            return error(400, "Invalid key.");
        };
        if record.files.contains_key(key) {
            return error(400, &format!("File with key {key} already exists."));
        }
        let size = one["size"].as_u64().unwrap_or(0);
        let parts = match one.pointer("/transfer/type").and_then(Value::as_str) {
            Some("M") if policy == Parts::RefusedEarly => {
                return error(400, "Transfer type M is not supported.");
            }
            Some("M") => {
                let count = one.pointer("/transfer/parts").and_then(Value::as_u64);
                let size = one.pointer("/transfer/part_size").and_then(Value::as_u64);
                Some((count.unwrap(), size.unwrap(), Default::default()))
            }
            _ => None,
        };
        let file = StoredFile {
            size,
            parts,
            ..StoredFile::default()
        };
        record.files.insert(key.to_owned(), file);
    }
    listing(record, base, "draft", 201)
}

fn content(inside: &mut Inside, request: &Request, id: &str, key: &str, base: &str) -> Response {
    if request.header("content-type") != Some("application/octet-stream") {
        return error(415, "Unsupported media type.");
    }
    let mut bytes = request.body.clone();
    let size = u64::try_from(bytes.len()).unwrap();
    let quota = inside.behaviour.quota;
    let record = inside.records.get_mut(id).unwrap();
    let used: u64 = record
        .files
        .values()
        .filter(|f| f.committed)
        .map(|f| f.size)
        .sum();
    let Some(file) = record.files.get_mut(key) else {
        return error(404, &format!("Record '{id}' has no file '{key}'."));
    };
    if file.committed && file.size != size {
        // The real one answers 200, and the file is gone.
        record.files.remove(key);
        return Response::json(200, &json!({ "key": key, "status": "pending" }));
    }
    if used + size > quota {
        return error(400, "Bucket quota exceeded.");
    }
    if size == 0 {
        return error(400, "Empty files are not accepted.");
    }
    if inside.behaviour.damaged > 0 {
        inside.behaviour.damaged -= 1;
        bytes[0] ^= 1;
    } else {
        *inside.taken.entry((id.into(), key.into(), 0)).or_default() += 1;
    }
    inside.content_bytes += size;
    file.size = size;
    // What was declared is replaced.
    file.md5 = md5(&bytes);
    file.content = Some(if inside.behaviour.forgets_content {
        Vec::new()
    } else {
        bytes
    });
    let file = file.clone();
    Response::json(200, &entry(id, key, &file, base))
}

fn part(inside: &mut Inside, request: &Request, id: &str, key: &str, number: u64) -> Response {
    if inside.behaviour.parts == Parts::RefusedLate {
        return permission_denied();
    }
    let length = u64::try_from(request.body.len()).unwrap();
    let record = inside.records.get_mut(id).unwrap();
    let Some(file) = record.files.get_mut(key) else {
        return not_found();
    };
    let total = file.size;
    let Some((count, size, parts)) = &mut file.parts else {
        return error(400, "Not a multipart transfer.");
    };
    let expected = if number == *count {
        total - *size * (*count - 1)
    } else {
        *size
    };
    if number == 0 || number > *count || length != expected {
        return error(400, "Invalid part.");
    }
    parts.insert(number, request.body.clone());
    *inside
        .taken
        .entry((id.into(), key.into(), number))
        .or_default() += 1;
    inside.content_bytes += length;
    Response::json(200, &json!({ "key": key, "status": "pending" }))
}

fn commit(inside: &mut Inside, id: &str, key: &str, base: &str) -> Response {
    let record = inside.records.get_mut(id).unwrap();
    let Some(file) = record.files.get_mut(key) else {
        return error(404, &format!("Record '{id}' has no file '{key}'."));
    };
    if let Some((count, _, parts)) = &file.parts {
        if u64::try_from(parts.len()).unwrap() < *count {
            return error(500, "Internal server error.");
        }
        let bytes: Vec<u8> = parts.values().flatten().copied().collect();
        file.md5 = md5(&bytes);
        file.size = u64::try_from(bytes.len()).unwrap();
        file.content = Some(bytes);
        file.parts = None;
    }
    if file.content.is_none() || file.committed {
        return error(500, "Internal server error.");
    }
    file.committed = true;
    let file = file.clone();
    Response::json(200, &entry(id, key, &file, base))
}

fn publish(inside: &mut Inside, id: &str, base: &str) -> Response {
    let behaviour = inside.behaviour.clone();
    let record = inside.records.get_mut(id).unwrap();
    let mut found = errors(&record.body);
    if record.files.is_empty() {
        found.push(
            json!({ "field": "files.enabled", "messages": ["Missing uploaded files. \
            To disable files for this record please mark it as metadata-only."] }),
        );
    }
    if record.files.values().any(|file| !file.committed) {
        found.push(
            json!({ "field": "files", "messages": ["One or more files are not completed."] }),
        );
    }
    if !found.is_empty() {
        return invalid(&found);
    }
    let doi = record
        .doi
        .clone()
        .unwrap_or_else(|| format!("{}/{id}", behaviour.prefix));
    record.doi = Some(match &behaviour.published_prefix {
        Some(prefix) => format!("{prefix}/{id}"),
        None => doi,
    });
    if behaviour.slow_publication > 0 {
        if record.waits.is_none() {
            record.waits = Some(behaviour.slow_publication);
        }
    } else {
        record.published = true;
    }
    Response::json(202, &shown(record, base, false))
}

fn published(inside: &mut Inside, id: &str, base: &str) -> Response {
    let Some(record) = inside.records.get_mut(id) else {
        return not_found();
    };
    match &mut record.waits {
        Some(0) => record.published = true,
        Some(waits) => *waits -= 1,
        None => {}
    }
    if record.published {
        return Response::json(200, &shown(record, base, false));
    }
    error(404, "The persistent identifier is not registered.")
}

fn new_version(inside: &mut Inside, id: &str, base: &str) -> Response {
    let Some(old) = inside.records.get(id).filter(|one| one.published).cloned() else {
        return not_found();
    };
    let open = inside
        .records
        .values()
        .find(|one| one.parent == old.parent && !one.published);
    if let Some(open) = open {
        return Response::json(201, &shown(open, base, true));
    }
    let mut body = old.body;
    if let Some(metadata) = body["metadata"].as_object_mut() {
        metadata.remove("publication_date");
        metadata.remove("version");
    }
    let id = inside.new_id();
    let record = new_record(inside, &id, &old.parent, body);
    let answer = Response::json(201, &shown(&record, base, true));
    inside.records.insert(id, record);
    answer
}

fn join(inside: &mut Inside, id: &str, body: &Value) -> Response {
    let Some(record) = inside.records.get_mut(id).filter(|one| one.published) else {
        return not_found();
    };
    let community = body.pointer("/communities/0/id").and_then(Value::as_str);
    let community = community.unwrap_or_default().to_owned();
    if record.communities.contains(&community) {
        let message = "The record is already included in this community.";
        return Response::json(
            400,
            &json!({ "errors": [
            { "community": community, "message": message } ] }),
        );
    }
    record.communities.push(community);
    Response::json(200, &json!({ "processed": [{}], "errors": [] }))
}

fn search(inside: &mut Inside, request: &Request, base: &str) -> Response {
    let number = |name: &str, default| {
        request
            .query(name)
            .and_then(|v| v.parse().ok())
            .unwrap_or(default)
    };
    let (size, page): (usize, usize) = (number("size", 25), number("page", 1));
    let mut all: Vec<&mut Record> = inside.records.values_mut().collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.created));
    let mut hits = Vec::new();
    for record in all {
        if record.hidden > 0 {
            record.hidden -= 1;
            continue;
        }
        hits.push(shown(record, base, !record.published));
    }
    let total = hits.len();
    let hits: Vec<Value> = hits
        .into_iter()
        .skip((page - 1) * size)
        .take(size)
        .collect();
    Response::json(
        200,
        &json!({ "hits": { "hits": hits, "total": total }, "links": {} }),
    )
}

fn shown(record: &Record, base: &str, draft: bool) -> Value {
    let id = &record.id;
    let mut pids = Map::new();
    if let Some(doi) = &record.doi {
        let provider = record.body.pointer("/pids/doi/provider").cloned();
        let provider = provider.unwrap_or_else(|| "datacite".into());
        pids.insert(
            "doi".into(),
            json!({ "identifier": doi, "provider": provider,
            "client": "datacite" }),
        );
    }
    let mut body = json!({
        "id": id,
        "created": time(record.created),
        "updated": time(record.created),
        "revision_id": 1,
        "is_published": record.published,
        "is_draft": !record.published,
        "status": if record.published { "published" } else { "draft" },
        "access": record.body["access"],
        "files": { "enabled": true },
        "metadata": record.body["metadata"],
        "parent": { "id": record.parent, "communities": {} },
        "pids": pids,
        "links": {
            "self": format!("{base}/api/records/{id}{}", if draft { "/draft" } else { "" }),
            "self_html": format!("{base}/{}/{id}", if draft { "uploads" } else { "records" }),
            "publish": format!("{base}/api/records/{id}/draft/actions/publish"),
            "files": format!("{base}/api/records/{id}/draft/files"),
            "reserve_doi": format!("{base}/api/records/{id}/draft/pids/doi"),
            "draft": format!("{base}/api/records/{id}/draft"),
            "versions": format!("{base}/api/records/{id}/versions"),
        },
    });
    let errors = errors(&record.body);
    if draft && !errors.is_empty() {
        body["errors"] = errors.into();
    }
    body
}

fn listing(record: &Record, base: &str, _of: &str, status: u16) -> Response {
    let entries: Vec<Value> = record
        .files
        .iter()
        .map(|(key, file)| entry(&record.id, key, file, base))
        .collect();
    Response::json(status, &json!({ "enabled": true, "entries": entries }))
}

fn entry(id: &str, key: &str, file: &StoredFile, base: &str) -> Value {
    let own = format!("{base}/api/records/{id}/draft/files/{key}");
    let mut entry = json!({
        "key": key,
        "status": if file.committed { "completed" } else { "pending" },
        "links": {
            "self": own,
            "content": format!("{own}/content"),
            "commit": format!("{own}/commit"),
        },
        "transfer": { "type": if file.parts.is_some() { "M" } else { "L" } },
    });
    if let Some((count, size, _)) = &file.parts {
        let links: Vec<Value> = (1..=*count)
            .map(|part| json!({ "part": part, "url": format!("{own}/content/{part}") }))
            .collect();
        entry["links"]["parts"] = links.into();
        entry["transfer"]["parts"] = (*count).into();
        entry["transfer"]["part_size"] = (*size).into();
    }
    if file.committed {
        entry["size"] = file.size.into();
        entry["checksum"] = format!("md5:{}", file.md5).into();
        entry["mimetype"] = "application/octet-stream".into();
    }
    entry
}

/// What the archive finds wrong with a description.
pub(super) fn errors(body: &Value) -> Vec<Value> {
    let metadata = &body["metadata"];
    let mut found = Vec::new();
    let mut wrong = |field: String, message: &str| {
        found.push(json!({ "field": field, "messages": [message] }));
    };
    let missing = "Missing data for required field.";
    match metadata["title"].as_str() {
        None => wrong("metadata.title".into(), missing),
        Some(title) if title.chars().count() < 3 => {
            wrong("metadata.title".into(), "Shorter than minimum length 3.");
        }
        Some(_) => {}
    }
    if metadata["resource_type"]["id"].as_str().is_none() {
        wrong("metadata.resource_type".into(), missing);
    }
    match metadata["publication_date"].as_str() {
        None => wrong("metadata.publication_date".into(), missing),
        Some(date) if !date.starts_with(|c: char| c.is_ascii_digit()) => {
            let message = "Please provide a valid date or interval.";
            wrong("metadata.publication_date".into(), message);
        }
        Some(_) => {}
    }
    let creators = metadata["creators"].as_array().cloned().unwrap_or_default();
    if creators.is_empty() {
        wrong("metadata.creators".into(), missing);
    }
    for (at, creator) in creators.iter().enumerate() {
        let identifiers = creator["person_or_org"]["identifiers"].as_array();
        for (id_at, one) in identifiers.into_iter().flatten().enumerate() {
            let value = one["identifier"].as_str().unwrap_or_default();
            if one["scheme"] == "orcid" && entrenar::research::Orcid::parse(value).is_err() {
                wrong(
                    format!("metadata.creators.{at}.person_or_org.identifiers.{id_at}.identifier"),
                    "Invalid ORCID identifier.",
                );
            }
        }
    }
    let related = metadata["related_identifiers"].as_array();
    for (at, one) in related.into_iter().flatten().enumerate() {
        if one["scheme"] == "swh" {
            let field = format!("metadata.related_identifiers.{at}.scheme");
            wrong(field, "Invalid scheme.");
        }
    }
    found
}

/// An unknown term of a vocabulary is refused without a field.
fn unknown_term(body: &Value) -> Option<Response> {
    let rights = body["metadata"]["rights"].as_array();
    let term = rights.into_iter().flatten().find_map(|one| {
        let id = one["id"].as_str()?;
        (id.starts_with("nope") || id.contains(' ')).then(|| id.to_owned())
    })?;
    Some(error(400, &format!("Invalid value {term}.")))
}
