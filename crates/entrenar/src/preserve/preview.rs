//! `ro-crate-preview.html`: the metadata of a crate as a page for people.
//!
//! One file without script, network or address of another place than the entities' own. A copy
//! of the metadata is in its head, as the specification asks (RO-Crate 1.1, "RO-Crate Website").

use serde_json::Value;

use crate::base64;
use crate::export::escape::markup;
use crate::research::ro_crate::{Entity, Graph};
use crate::session::Sha256Hash;

const STYLE: &str = "\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
body{max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;\
border-bottom:1px solid #8884;overflow-wrap:anywhere}\
td.n{text-align:right;white-space:nowrap}code{font-size:.8em}";

/// The page of `graph`, whose JSON is `json`.
pub(super) fn page(graph: &Graph, json: &[u8]) -> String {
    let root = graph.root_entity();
    let title = root.text("name").unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64::encode(Sha256Hash::of(STYLE.as_bytes()).as_bytes())
    );
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n\
         <script type=\"application/ld+json\">\n{}</script>\n</head>\n<body>\n",
        markup(title),
        // In JSON, `<` stands in strings only; so no text can end the element.
        String::from_utf8_lossy(json).replace('<', "\\u003c"),
    );
    page.push_str(&format!("<h1>{}</h1>\n", markup(title)));
    if let Some(description) = root.text("description") {
        page.push_str(&format!("<p>{}</p>\n", markup(description)));
    }
    page.push_str("<p><a href=\"index.html\">Cells, outputs and charts of the session</a></p>\n");
    properties(
        &mut page,
        graph,
        root,
        &["name", "description", "hasPart", "mentions"],
    );
    let actions: Vec<&Entity> = root
        .links("mentions")
        .filter_map(|id| graph.get(id))
        .filter(|entity| entity.types().iter().any(|kind| kind == "CreateAction"))
        .collect();
    if !actions.is_empty() {
        page.push_str("<h2>What was run</h2>\n");
    }
    for action in actions {
        let name = action.text("name").unwrap_or_default();
        page.push_str(&format!("<h3>{}</h3>\n", markup(name)));
        properties(&mut page, graph, action, &["name"]);
    }
    page.push_str("<h2>Files</h2>\n<table>\n<tr><th>file</th><th>what it is</th><th>format</th><th>bytes</th><th>SHA-256</th></tr>\n");
    for file in root.links("hasPart").filter_map(|id| graph.get(id)) {
        let text = |property: &str| markup(file.text(property).unwrap_or_default()).into_owned();
        page.push_str(&format!(
            "<tr><td><a href=\"{}\">{}</a></td><td>{}</td><td>{}</td><td class=\"n\">{}</td>\
             <td><code>{}</code></td></tr>\n",
            markup(file.id()),
            text("name"),
            text("description"),
            text("encodingFormat"),
            text("contentSize"),
            text("sha256"),
        ));
    }
    page.push_str("</table>\n");
    page.push_str(&format!(
        "<p>RO-Crate {} · written by entrenar</p>\n</body>\n</html>\n",
        graph.version()
    ));
    page
}

/// The properties of an entity as a table.
fn properties(page: &mut String, graph: &Graph, entity: &Entity, without: &[&str]) {
    page.push_str("<table>\n");
    for property in entity.properties().filter(|p| !without.contains(p)) {
        let values: Vec<String> = entity
            .values(property)
            .iter()
            .map(|value| shown(graph, value))
            .collect();
        page.push_str(&format!(
            "<tr><th>{}</th><td>{}</td></tr>\n",
            markup(property),
            values.join("<br>")
        ));
    }
    page.push_str("</table>\n");
}

fn shown(graph: &Graph, value: &Value) -> String {
    if let Value::String(text) = value {
        return markup(text).into_owned();
    }
    let Some(id) = value.get("@id").and_then(Value::as_str) else {
        return markup(&value.to_string()).into_owned();
    };
    let Some(entity) = graph.get(id) else {
        return markup(id).into_owned();
    };
    let name = entity.text("name").unwrap_or(id);
    let mut text = if id.starts_with('#') {
        markup(name).into_owned()
    } else {
        format!("<a href=\"{}\">{}</a>", markup(id), markup(name))
    };
    if let Some(value) = entity.values("value").first() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned);
        text.push_str(&format!(": {}", markup(&value)));
    }
    text
}
