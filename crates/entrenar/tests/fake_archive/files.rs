//! Files of a draft in the records API.

use serde_json::{Value, json};

use super::http::{Request, Response};
use super::{Inside, Parts, StoredFile, error, invalid, md5, not_found, permission_denied, time};

/// What the real one says to content that it cannot take: the status is 200 all the same.
const FAILED: &str = "File upload transfer failed.";

pub(super) fn route(
    inside: &mut Inside,
    request: &Request,
    id: &str,
    rest: &[&str],
    body: &Value,
    base: &str,
) -> Response {
    let method = request.method.as_str();
    if method == "POST" && rest.is_empty() {
        return announce(inside, id, body, base);
    }
    let files = &inside.records[id].files;
    let absent = |key: &str| error(404, &format!("Record '{id}' has no file '{key}'."));
    match (method, rest) {
        ("GET", []) => listing(inside, id, base, true, 200),
        (_, [key, ..]) if !files.contains_key(*key) => absent(key),
        ("GET", [key]) => Response::json(200, &entry(id, key, &files[*key], base, true)),
        ("DELETE", [_]) if inside.records[id].published => {
            error(403, "Bucket is locked for modifications.")
        }
        ("DELETE", [key]) => {
            inside.records.get_mut(id).unwrap().files.remove(*key);
            Response::empty(204).with("Content-Type", "text/html; charset=utf-8")
        }
        ("GET", [key, "content"]) => match &files[*key] {
            file if file.committed => Response {
                status: 200,
                headers: vec![("Content-Type".into(), kind_of(key).into())],
                body: file.content.clone().unwrap_or_default(),
            },
            _ => super::broken(),
        },
        ("PUT", [key, "content"]) => content(inside, request, id, key, base),
        ("PUT", [key, "content", number]) => match number.parse() {
            Ok(number) => part(inside, request, id, key, number, base),
            Err(_) => not_found(),
        },
        ("POST", [key, "commit"]) => commit(inside, id, key, base),
        _ => not_found(),
    }
}

fn kind_of(name: &str) -> &'static str {
    match name.ends_with(".txt") {
        true => "text/plain; charset=utf-8",
        false => "application/octet-stream",
    }
}

fn announce(inside: &mut Inside, id: &str, body: &Value, base: &str) -> Response {
    if inside.records[id].body["files"]["enabled"] == false {
        return error(403, "Files are not enabled.");
    }
    let Some(entries) = body.as_array() else {
        return wrong("0._schema", "Invalid input type.");
    };
    if entries.is_empty() {
        return wrong("_schema", "No files to upload.");
    }
    let policy = inside.behaviour.parts;
    let mut announced = Vec::new();
    for (at, one) in entries.iter().enumerate() {
        let Some(key) = one["key"].as_str() else {
            return wrong(&format!("{at}.key"), "Missing data for required field.");
        };
        let kind = one
            .pointer("/transfer/type")
            .and_then(Value::as_str)
            .unwrap_or("L");
        if !["L", "M"].contains(&kind) {
            let message = format!("Unsupported value: {kind}");
            return wrong(&format!("{at}.transfer.type"), &message);
        }
        if inside.records[id].files.contains_key(key) {
            return error(400, &format!("File with key {key} already exists."));
        }
        let number = |pointer: &str| one.pointer(pointer).and_then(Value::as_u64);
        let parts = match (
            kind,
            number("/transfer/parts"),
            number("/transfer/part_size"),
        ) {
            ("M", _, _) if policy == Parts::RefusedEarly => {
                return error(400, "Transfer type M is not supported.");
            }
            ("M", Some(_), None) => {
                return error(
                    400,
                    "Multipart file transfer to local storage requires part_size.",
                );
            }
            ("M", Some(_), _) if number("/size").is_none() => {
                return error(400, "Multipart file transfer requires file size.");
            }
            ("M", Some(count), Some(size)) => Some((count, size, Default::default())),
            _ => None,
        };
        let file = StoredFile {
            size: number("/size").unwrap_or(0),
            parts,
            declared: (number("/size"), one["checksum"].as_str().map(str::to_owned)),
            ..StoredFile::default()
        };
        announced.push((key.to_owned(), file));
    }
    inside.records.get_mut(id).unwrap().files.extend(announced);
    listing(inside, id, base, true, 201)
}

fn wrong(field: &str, message: &str) -> Response {
    invalid(&[json!({ "field": field, "messages": [message] })])
}

/// The entry as it was, with the news that the content was not taken.
fn failed(id: &str, key: &str, file: &StoredFile, base: &str) -> Response {
    let mut entry = entry(id, key, file, base, true);
    entry["errors"] = FAILED.into();
    Response::json(200, &entry)
}

fn content(inside: &mut Inside, request: &Request, id: &str, key: &str, base: &str) -> Response {
    if request.header("content-type") != Some("application/octet-stream") {
        let message = "Invalid 'Content-Type' header. Expected one of: application/octet-stream";
        return error(415, message);
    }
    let mut bytes = request.body.clone();
    let size = u64::try_from(bytes.len()).unwrap();
    let behaviour = inside.behaviour.clone();
    let record = inside.records.get_mut(id).unwrap();
    let committed = record.files.values().filter(|file| file.committed);
    let used: u64 = committed.map(|file| file.size).sum();
    if record.files[key].committed || record.files[key].parts.is_some() {
        let file = record.files.remove(key).unwrap();
        return failed(id, key, &file, base);
    }
    if used + size > behaviour.quota {
        return error(400, "Bucket quota exceeded.");
    }
    if size == 0 && !behaviour.empty_files {
        return error(400, "Empty files are not accepted.");
    }
    let file = record.files.get_mut(key).unwrap();
    if behaviour.damaged > 0 {
        inside.behaviour.damaged -= 1;
        bytes[0] ^= 1;
    } else {
        *inside.taken.entry((id.into(), key.into(), 0)).or_default() += 1;
    }
    inside.content_bytes += size;
    file.size = size;
    // What was declared is replaced.
    file.md5 = md5(&bytes);
    file.content = Some(if behaviour.forgets_content {
        Vec::new()
    } else {
        bytes
    });
    Response::json(200, &entry(id, key, file, base, true))
}

fn part(
    inside: &mut Inside,
    request: &Request,
    id: &str,
    key: &str,
    number: u64,
    base: &str,
) -> Response {
    if inside.behaviour.parts == Parts::RefusedLate {
        return permission_denied();
    }
    let length = u64::try_from(request.body.len()).unwrap();
    let record = inside.records.get_mut(id).unwrap();
    let file = record.files.get_mut(key).unwrap();
    let total = file.size;
    let Some((count, size, parts)) = &mut file.parts else {
        return error(
            400,
            "Transfer type \"L\" does not support multipart uploads.",
        );
    };
    let is_there = (1..=*count).contains(&number);
    let offset = number.saturating_sub(1) * *size;
    if !is_there || length != (*size).min(total.saturating_sub(offset)) {
        return failed(id, key, file, base);
    }
    parts.insert(number, request.body.clone());
    *inside
        .taken
        .entry((id.into(), key.into(), number))
        .or_default() += 1;
    inside.content_bytes += length;
    Response::json(200, &entry(id, key, &file.clone(), base, true))
}

fn commit(inside: &mut Inside, id: &str, key: &str, base: &str) -> Response {
    let record = inside.records.get_mut(id).unwrap();
    let file = record.files.get_mut(key).unwrap();
    if let Some((_, part_size, parts)) = &file.parts {
        // A part that never came is a hole, and nothing is said about it.
        let mut bytes = vec![0; usize::try_from(file.size).unwrap()];
        for (number, part) in parts {
            let offset = usize::try_from((number - 1) * part_size).unwrap();
            bytes[offset..offset + part.len()].copy_from_slice(part);
        }
        file.md5 = md5(&bytes);
        file.content = Some(bytes);
        file.parts = None;
    }
    if file.content.is_none() {
        return super::broken();
    }
    file.committed = true;
    Response::json(200, &entry(id, key, &file.clone(), base, true))
}

pub(super) fn listing(
    inside: &Inside,
    id: &str,
    base: &str,
    is_draft: bool,
    status: u16,
) -> Response {
    let entries: Vec<Value> = inside.records[id]
        .files
        .iter()
        .map(|(key, file)| entry(id, key, file, base, is_draft))
        .collect();
    let own = if is_draft { "/draft/files" } else { "/files" };
    let links = json!({ "self": format!("{base}/api/records/{id}{own}") });
    Response::json(
        status,
        &json!({ "enabled": true, "entries": entries, "links": links }),
    )
}

pub(super) fn entry(id: &str, key: &str, file: &StoredFile, base: &str, is_draft: bool) -> Value {
    let name = super::http::encode(key);
    let own = if is_draft { "/draft/files" } else { "/files" };
    let own = format!("{base}/api/records/{id}{own}/{name}");
    let mut entry = json!({
        "key": key,
        "created": time(0),
        "updated": time(0),
        "status": if file.committed { "completed" } else { "pending" },
        "links": { "self": own, "content": format!("{own}/content") },
        "transfer": { "type": if file.parts.is_some() { "M" } else { "L" } },
    });
    if is_draft {
        entry["links"]["commit"] = format!("{own}/commit").into();
    }
    let (size, checksum) = &file.declared;
    if let Some(size) = size {
        entry["size"] = (*size).into();
    }
    if let Some(checksum) = checksum {
        entry["checksum"] = checksum.clone().into();
    }
    if let Some((count, size, _)) = &file.parts {
        let links: Vec<Value> = (1..=*count)
            .map(|part| json!({ "part": part, "url": format!("{own}/content/{part}") }))
            .collect();
        entry["links"].as_object_mut().unwrap().remove("content");
        entry["links"]["parts"] = links.into();
        entry["transfer"]["parts"] = (*count).into();
        entry["transfer"]["part_size"] = (*size).into();
        entry["checksum"] = Value::Null;
    }
    if file.committed {
        entry["size"] = file.size.into();
        entry["checksum"] = format!("md5:{}", file.md5).into();
        entry["mimetype"] = "application/octet-stream".into();
    }
    entry
}
