//! Replies without what differs from one run, or one server, to the next.

use serde_json::{Map, Value};

/// What a client does not need, and a server may leave out: looks, statistics, other routes.
const DROPPED: [&str; 30] = [
    "aggregations",
    "allow_upload",
    "bucket_id",
    "count",
    "created_by",
    "custom_fields",
    "default_preview",
    "deletion_status",
    "expiration",
    "expires_at",
    "ext",
    "file_id",
    "internal_notes",
    "is_expired",
    "is_latest_draft",
    "last_activity_at",
    "last_reply",
    "media_files",
    "metadata_path",
    "mimetype",
    "number",
    "oai",
    "order",
    "revision_id",
    "stats",
    "storage_class",
    "swh",
    "total_bytes",
    "ui",
    "version_id",
];

/// The links that a client follows.
const LINKS: [&str; 12] = [
    "commit",
    "content",
    "draft",
    "files",
    "latest",
    "parts",
    "publish",
    "record",
    "reserve_doi",
    "self",
    "self_html",
    "versions",
];

/// The names of one group's ids, and the form of everything else that varies.
pub(crate) struct Normal {
    base: String,
    site: String,
    kept: Vec<(String, String)>,
}

impl Normal {
    pub(crate) fn new(base: &str) -> Self {
        let site = base.strip_suffix("/api").unwrap().to_owned();
        Self {
            base: base.to_owned(),
            site,
            kept: Vec::new(),
        }
    }

    pub(crate) fn keep(&mut self, name: &str, value: &str) {
        self.kept.retain(|(known, _)| known != name);
        self.kept.push((name.to_owned(), value.to_owned()));
    }

    /// Puts what was kept in place of `{name}`.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.kept {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }

    pub(crate) fn json(&self, value: Value) -> Value {
        self.within(value, "")
    }

    fn within(&self, value: Value, parent: &str) -> Value {
        match value {
            Value::Object(map) => {
                // An entry of a vocabulary: its titles in many languages are another server's.
                let is_term = map.contains_key("id")
                    && map.contains_key("title")
                    && !map.contains_key("links");
                map.into_iter()
                    .filter(|(key, value)| keeps(parent, key, value) && (!is_term || key == "id"))
                    .map(|(key, value)| (self.plain(&key), self.within(value, &key)))
                    .collect()
            }
            Value::Array(items) => {
                let mut items: Vec<Value> = items
                    .into_iter()
                    .map(|item| self.within(item, ""))
                    .collect();
                let order = match parent {
                    "errors" => "field",
                    "entries" => "key",
                    _ => "",
                };
                items.sort_by_key(|item| item.get(order).map(Value::to_string));
                Value::Array(items)
            }
            Value::String(text) if is_moment(&text) => Value::from("{time}"),
            Value::String(text) => self.text(&text),
            other => other,
        }
    }

    pub(crate) fn text(&self, text: &str) -> Value {
        Value::String(self.plain(text))
    }

    fn plain(&self, text: &str) -> String {
        let mut text = text
            .replace(&self.base, "{base}")
            .replace(&self.site, "{site}");
        for (name, value) in &self.kept {
            text = text.replace(value.as_str(), &format!("{{{name}}}"));
        }
        let text = replace_form(&text, "xxxxx-xxxxx", "{id}");
        replace_form(&text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "{uuid}")
    }
}

/// Whether a member of `parent` is something that a client reads.
fn keeps(parent: &str, key: &str, value: &Value) -> bool {
    let is_empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
    match (parent, key) {
        ("links", _) => LINKS.contains(&key),
        ("parent", "access") | ("access", "status") => false,
        (_, "embargo") => value.get("active") == Some(&Value::Bool(true)),
        // Of a file, not of a record; and the short list of files in a record.
        (_, "access") => value.get("hidden").is_none(),
        (_, "metadata") => !is_empty,
        (_, "entries") => value.is_array(),
        _ => !DROPPED.contains(&key),
    }
}

/// Whether a text begins as `2026-11-22T10:20:30` does.
fn is_moment(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd";
    let fits = |(byte, wanted): (u8, u8)| match wanted {
        b'd' => byte.is_ascii_digit(),
        b'T' => byte == b'T' || byte == b' ',
        other => byte == other,
    };
    text.len() >= form.len() && text.bytes().zip(form.bytes()).all(fits)
}

/// Replaces words of a form, in which `x` is a small letter or digit and all else itself.
fn replace_form(text: &str, form: &str, by: &str) -> String {
    let fits = |at: usize| {
        let Some(window) = text.as_bytes().get(at..at + form.len()) else {
            return false;
        };
        let inside =
            |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-');
        let alone = !inside(
            at.checked_sub(1)
                .and_then(|before| text.as_bytes().get(before)),
        ) && !inside(text.as_bytes().get(at + form.len()));
        let digit = window.iter().any(u8::is_ascii_digit);
        alone
            && digit
            && window
                .iter()
                .zip(form.bytes())
                .all(|(byte, wanted)| match wanted {
                    b'x' => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
                    other => *byte == other,
                })
    };
    let mut out = String::new();
    let mut at = 0;
    while at < text.len() {
        if fits(at) {
            out.push_str(by);
            at += form.len();
        } else {
            let next = text[at..].chars().next().unwrap();
            out.push(next);
            at += next.len_utf8();
        }
    }
    out
}
