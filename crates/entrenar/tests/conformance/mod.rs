//! One list of requests, sent to any server that claims to speak InvenioRDM's records API.

pub(crate) mod drafts;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod normal;
pub(crate) mod records;
pub(crate) mod step;

use serde_json::Value;
use step::{Group, Server};

/// All requests in their order.
pub(crate) fn list() -> Vec<Group> {
    let mut groups = drafts::groups();
    groups.extend(files::groups());
    groups.extend(records::groups());
    groups
}

/// What a server says to the whole list.
pub(crate) fn transcript(server: &Server) -> Vec<Value> {
    list()
        .iter()
        .flat_map(|group| step::run(server, group))
        .collect()
}
