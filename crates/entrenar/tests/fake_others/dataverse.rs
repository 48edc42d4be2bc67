//! Dataverse's native API.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::super::fake_archive::http::{Listening, Request, Response, decode};
use super::{lock, md5, serve};

pub(crate) const TOKEN: &str = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab";

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) about: Value,
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    pub(crate) id: u64,
    pub(crate) draft: Option<Value>,
    pub(crate) released: Option<Value>,
    pub(crate) files: Vec<Entry>,
    pub(crate) embargo: Option<Value>,
}

#[derive(Debug, Default)]
pub(crate) struct Inside {
    pub(crate) datasets: BTreeMap<String, Dataset>,
    /// What was stored directly, by its address.
    pub(crate) stored: BTreeMap<String, Vec<u8>>,
    /// Whether files may be stored directly, and the size of a part.
    pub(crate) direct: Option<usize>,
    /// The search finds nothing.
    pub(crate) blind: bool,
    next: u64,
}

#[derive(Debug)]
pub(crate) struct FakeDataverse {
    inside: Arc<Mutex<Inside>>,
    listening: Listening,
}

impl FakeDataverse {
    pub(crate) fn start(direct: Option<usize>) -> Self {
        let inside = Arc::new(Mutex::new(Inside {
            direct,
            ..Inside::default()
        }));
        let shared = Arc::clone(&inside);
        let listening = Listening::start(0, move |stream| {
            serve(stream, |request, base| {
                answer(&mut lock(&shared), request, base)
            });
        })
        .unwrap();
        Self { inside, listening }
    }

    pub(crate) fn url(&self) -> String {
        self.listening.url()
    }

    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }
}

fn ok(data: &Value) -> Response {
    Response::json(200, &json!({ "status": "OK", "data": data }))
}

fn error(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "status": "ERROR", "message": message }))
}

fn answer(inside: &mut Inside, request: &Request, base: &str) -> Response {
    let path = decode(request.path());
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let method = request.method.as_str();
    if let ("PUT", ["storage", name]) = (method, parts.as_slice()) {
        if request.header("x-amz-tagging") != Some("dv-state=temp") {
            return Response::empty(403);
        }
        inside
            .stored
            .insert((*name).to_owned(), request.body.clone());
        return Response::empty(200).with("ETag", format!("\"{}\"", md5(&request.body)));
    }
    if request.header("x-dataverse-key") != Some(TOKEN) {
        return error(401, "Bad API key");
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match (method, parts.as_slice()) {
        ("GET", ["api", "users", ":me"]) => ok(&json!({ "firstName": "Ana", "lastName": "Silva",
            "displayName": "Ana Silva", "email": "ana@example.org" })),
        ("GET", ["api", "licenses"]) => ok(&json!([
            { "name": "CC0 1.0", "uri": "http://creativecommons.org/publicdomain/zero/1.0" },
            { "name": "CC BY 4.0", "uri": "http://creativecommons.org/licenses/by/4.0" },
        ])),
        ("GET", ["api", "search"]) => search(inside, request),
        ("GET", ["api", "dataverses", "lab", "contents"]) => {
            let items: Vec<Value> = inside
                .datasets
                .iter()
                .map(|(id, one)| {
                    json!({ "id": one.id, "type": "dataset", "protocol": "doi",
                        "authority": "10.5072", "identifier": id.trim_start_matches("doi:10.5072/") })
                })
                .collect();
            ok(&items.into())
        }
        ("POST", ["api", "dataverses", "lab", "datasets"]) => {
            if let Some(refused) = incomplete(&body["datasetVersion"]) {
                return refused;
            }
            inside.next += 1;
            let id = inside.next;
            let name = format!("doi:10.5072/FK2/S{id:05}");
            let dataset = Dataset {
                id,
                draft: Some(body["datasetVersion"].clone()),
                released: None,
                files: Vec::new(),
                embargo: None,
            };
            inside.datasets.insert(name.clone(), dataset);
            let data = json!({ "id": id, "persistentId": name });
            Response::json(201, &json!({ "status": "OK", "data": data }))
        }
        ("DELETE", ["api", "files", id]) => {
            for dataset in inside.datasets.values_mut() {
                dataset.files.retain(|file| file.id.to_string() != *id);
            }
            ok(&json!({}))
        }
        ("PUT", ["api", "datasets", "mpupload"]) => complete(inside, request, &body),
        (_, ["api", "datasets", ":persistentId", rest @ ..]) => {
            let id = request.query("persistentId").unwrap_or_default();
            if !inside.datasets.contains_key(&id) {
                return error(404, &format!("Dataset with Persistent ID {id} not found."));
            }
            let rest: Vec<&str> = rest
                .iter()
                .copied()
                .filter(|part| !part.is_empty())
                .collect();
            dataset(inside, request, &id, &rest, &body, base)
        }
        _ => error(404, "API endpoint does not exist on this server."),
    }
}

fn text_in(value: &Value, text: &str) -> bool {
    value.to_string().contains(text)
}

fn search(inside: &Inside, request: &Request) -> Response {
    let query = request.query("q").unwrap_or_default();
    let query = query.trim_matches('"');
    let items: Vec<Value> = inside
        .datasets
        .iter()
        .filter(|(_, one)| {
            !inside.blind
                && one
                    .draft
                    .as_ref()
                    .is_some_and(|draft| text_in(draft, query))
        })
        .map(|(id, _)| json!({ "type": "dataset", "global_id": id }))
        .collect();
    ok(&json!({ "total_count": items.len(), "items": items }))
}

/// The fields on which the citation block insists.
fn incomplete(version: &Value) -> Option<Response> {
    let fields = version["metadataBlocks"]["citation"]["fields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for needed in [
        "title",
        "author",
        "datasetContact",
        "dsDescription",
        "subject",
    ] {
        if !fields.iter().any(|field| field["typeName"] == needed) {
            let message = format!("Validation Failed: {needed} is required.");
            return Some(error(400, &message));
        }
    }
    if version["license"].is_string() {
        return Some(error(400, "Invalid license"));
    }
    None
}

fn shown(file: &Entry) -> Value {
    let mut entry = json!({
        "label": file.name,
        "dataFile": {
            "id": file.id,
            "filename": file.name,
            "filesize": file.content.len(),
            "md5": md5(&file.content),
            "checksum": { "type": "MD5", "value": md5(&file.content) },
        },
    });
    if let Some(folder) = file.about["directoryLabel"].as_str() {
        entry["directoryLabel"] = folder.into();
    }
    entry
}

fn dataset(
    inside: &mut Inside,
    request: &Request,
    id: &str,
    rest: &[&str],
    body: &Value,
    base: &str,
) -> Response {
    let direct = inside.direct;
    let one = inside.datasets.get_mut(id).unwrap();
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let state = if one.draft.is_some() {
                "DRAFT"
            } else {
                "RELEASED"
            };
            ok(
                &json!({ "id": one.id, "persistentUrl": format!("https://doi.org/{}", &id[4..]),
                "latestVersion": { "versionState": state } }),
            )
        }
        ("GET", ["versions", ":draft"]) => match &one.draft {
            Some(draft) => ok(draft),
            None => error(404, "Dataset version :draft not found"),
        },
        ("PUT", ["versions", ":draft"]) => {
            if let Some(refused) = incomplete(body) {
                return refused;
            }
            one.draft = Some(body.clone());
            ok(&json!({}))
        }
        ("DELETE", ["versions", ":draft"]) => {
            if one.released.is_none() {
                inside.datasets.remove(id);
            } else {
                one.draft = None;
            }
            ok(&json!({}))
        }
        ("GET", ["versions", _, "files"]) => {
            let files: Vec<Value> = one.files.iter().map(shown).collect();
            ok(&files.into())
        }
        ("POST", ["files", "actions", ":set-embargo"]) => {
            one.embargo = Some(body.clone());
            ok(&json!({}))
        }
        ("POST", ["actions", ":publish"]) => {
            let Some(draft) = one.draft.take() else {
                return error(400, "This dataset has no draft.");
            };
            one.released = Some(draft);
            ok(&json!({ "id": one.id }))
        }
        ("GET", ["uploadurls"]) => {
            let Some(part) = direct else {
                return error(
                    404,
                    "Direct upload not supported for files in this dataset: ",
                );
            };
            inside.next += 1;
            let number = inside.next;
            let size: usize = request.query("size").unwrap().parse().unwrap();
            let mut data =
                json!({ "partSize": part, "storageIdentifier": format!("s3://b:{number}") });
            if size <= part {
                data["url"] = format!("{base}/storage/{number}").into();
            } else {
                let urls: serde_json::Map<String, Value> = (1..=size.div_ceil(part))
                    .map(|at| {
                        (
                            at.to_string(),
                            format!("{base}/storage/{number}-{at}").into(),
                        )
                    })
                    .collect();
                data["urls"] = urls.into();
                data["complete"] = format!("/api/datasets/mpupload?key={number}").into();
                data["abort"] = format!("/api/datasets/mpupload?key={number}").into();
            }
            ok(&data)
        }
        ("POST", ["add"]) => add(inside, request, id),
        _ => error(404, "API endpoint does not exist on this server."),
    }
}

/// Puts the parts together; each must have the tag that the storage gave it.
fn complete(inside: &mut Inside, request: &Request, tags: &Value) -> Response {
    let key = request.query("key").unwrap();
    let mut whole = Vec::new();
    for at in 1..=tags.as_object().unwrap().len() {
        let Some(part) = inside.stored.remove(&format!("{key}-{at}")) else {
            return error(400, "A part is missing");
        };
        if tags[at.to_string()] != md5(&part) {
            return error(400, "A wrong eTag");
        }
        whole.extend(part);
    }
    inside.stored.insert(key, whole);
    ok(&json!({}))
}

fn add(inside: &mut Inside, request: &Request, id: &str) -> Response {
    let kind = request.header("content-type").unwrap_or_default();
    let Some(boundary) = kind.strip_prefix("multipart/form-data; boundary=") else {
        return error(415, "A form is wanted");
    };
    let mark = format!("--{boundary}");
    let mut about = Value::Null;
    let mut sent = None;
    for part in split(&request.body, mark.as_bytes()) {
        let Some(end) = part.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&part[..end]).into_owned();
        let content = &part[end + 4..part.len() - 2];
        if head.contains("name=\"jsonData\"") {
            about = serde_json::from_slice(content).unwrap();
        } else if let Some((_, name)) = head.split_once("filename=\"") {
            sent = Some((name.split('"').next().unwrap().to_owned(), content.to_vec()));
        }
    }
    let (name, content) = match sent {
        // A ZIP file is unpacked, one layer deep.
        Some((_, content)) if content.starts_with(b"PK\x03\x04") => unpack(&content),
        Some(sent) => sent,
        None => {
            let key = about["storageIdentifier"].as_str().unwrap_or_default();
            let key = key.rsplit(':').next().unwrap().to_owned();
            let Some(content) = inside.stored.remove(&key) else {
                return error(400, "Nothing is stored there");
            };
            (about["fileName"].as_str().unwrap().to_owned(), content)
        }
    };
    inside.next += 1;
    let file = Entry {
        id: inside.next,
        about,
        name,
        content,
    };
    let data = json!({ "files": [shown(&file)] });
    inside.datasets.get_mut(id).unwrap().files.push(file);
    ok(&data)
}

fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        parts.push(&rest[..at]);
        rest = &rest[at + mark.len()..];
    }
    parts
}

fn unpack(content: &[u8]) -> (String, Vec<u8>) {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(content)).unwrap();
    let mut inner = archive.by_index(0).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut inner, &mut bytes).unwrap();
    (inner.name().unwrap().into_owned(), bytes)
}
