//! Zenodo's older deposit API, for servers that have no records API for drafts.
//!
//! Source: developers.zenodo.org, "Depositions", "Deposition files", and the behaviour of
//! zenodo-rdm's implementation of it: metadata are judged when the draft is published, with the
//! names of InvenioRDM's fields; a second publication is 404.

use serde_json::{Value, json};

use super::super::api::{Archive, LocalFile, PublishedRecord, RemoteFile, Sending, Standing};
use super::super::error::ArchiveError;
use super::super::http::{Again, FileBody, Http, RequestBody};
use super::super::refusal;
use super::super::state::{Access, ArchiveApi, Draft, Terms};
use super::invenio::{encode, text_of};
use crate::research::ResearchArtifact;
use crate::research::format::facts::Facts;
use crate::research::format::zenodo;

const DEPOSITIONS: &str = "/api/deposit/depositions";
const PAGE: usize = 100;
const MOST_PAGES: usize = 20;

/// Zenodo by its deposit API.
#[derive(Debug, Clone)]
pub struct LegacyArchive {
    http: Http,
}

impl LegacyArchive {
    /// The archive that `http` reaches.
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    fn path(draft: &Draft) -> String {
        format!("{DEPOSITIONS}/{}", encode(&draft.id))
    }

    fn strange(&self, what: &str) -> ArchiveError {
        ArchiveError::NotAnArchive {
            host: self.http.host().to_owned(),
            what: what.to_owned(),
        }
    }

    fn get(&self, path: &str) -> Result<Value, ArchiveError> {
        self.http.json("GET", path, RequestBody::None, Again::Safe)
    }

    fn draft_of(&self, answer: &Value) -> Result<Draft, ArchiveError> {
        let Some(id) = id_of(answer) else {
            return Err(self.strange("a deposition without an id"));
        };
        let mut draft = Draft::new(id);
        if let Some(bucket) = answer.pointer("/links/bucket") {
            draft.remote = json!({ "bucket": bucket });
        }
        Ok(draft)
    }

    fn bucket(&self, draft: &Draft) -> Result<String, ArchiveError> {
        text_of(&draft.remote, "bucket")
            .ok_or_else(|| self.strange("a deposition without a bucket for files"))
    }

    fn delete(&self, path: &str) -> Result<(), ArchiveError> {
        let answer = self
            .http
            .send("DELETE", path, RequestBody::None, Again::Safe)?;
        match answer.status {
            200..300 | 404 | 410 => Ok(()),
            _ => Err(self.http.refusal(path, &answer)),
        }
    }
}

impl Archive for LegacyArchive {
    fn api(&self) -> ArchiveApi {
        ArchiveApi::Legacy
    }

    fn metadata(&self, artifact: &ResearchArtifact, terms: &Terms) -> Value {
        let text = zenodo::text(&Facts::new(artifact));
        let mut metadata: Value = serde_json::from_str(&text).unwrap_or_default();
        if let Some(fields) = metadata.as_object_mut() {
            let right = match (terms.access, terms.embargo) {
                (_, Some(_)) => "embargoed",
                (Access::Restricted, None) => "restricted",
                (Access::Open, None) => "open",
            };
            fields.insert("access_right".into(), right.into());
            if let Some(until) = terms.embargo {
                fields.insert("embargo_date".into(), until.to_string().into());
            }
            if right == "restricted" {
                let conditions = "<p>Ask the depositor for access.</p>";
                fields.insert("access_conditions".into(), conditions.into());
            }
            if let Some(community) = &terms.community {
                let communities = json!([{ "identifier": community }]);
                fields.insert("communities".into(), communities);
            }
        }
        json!({ "metadata": metadata })
    }

    fn create(&self, title: &str, marker: &str) -> Result<Draft, ArchiveError> {
        // Complete, since some versions refuse a draft that is not.
        let body = json!({ "metadata": {
            "title": title,
            "upload_type": "other",
            "description": "<p>A deposit in preparation.</p>",
            "creators": [{ "name": "Not set yet" }],
            "notes": marker,
            "prereserve_doi": true,
        }});
        let answer = self
            .http
            .json("POST", DEPOSITIONS, RequestBody::Json(&body), Again::Never)?;
        self.draft_of(&answer)
    }

    fn find(&self, marker: &str) -> Result<Vec<Draft>, ArchiveError> {
        let mut found = Vec::new();
        for page in 1..=MOST_PAGES {
            let path =
                format!("{DEPOSITIONS}?status=draft&sort=mostrecent&size={PAGE}&page={page}");
            let answer = self.get(&path)?;
            let Some(hits) = answer.as_array() else {
                return Err(self.strange("a list of depositions that is none"));
            };
            for hit in hits {
                let notes = hit.pointer("/metadata/notes").and_then(Value::as_str);
                let bears = notes.is_some_and(|notes| notes.contains(marker));
                if bears && hit.get("submitted") != Some(&Value::Bool(true)) {
                    let created = text_of(hit, "created").unwrap_or_default();
                    found.push((created, self.draft_of(hit)?));
                }
            }
            if hits.len() < PAGE {
                break;
            }
        }
        found.sort_by(|a, b| (&a.0, &a.1.id).cmp(&(&b.0, &b.1.id)));
        // A list may lack the addresses of buckets.
        found
            .into_iter()
            .map(|(_, draft)| match draft.remote {
                Value::Null => self.draft_of(&self.get(&Self::path(&draft))?),
                _ => Ok(draft),
            })
            .collect()
    }

    fn new_version(&self, of: &str) -> Result<Draft, ArchiveError> {
        let path = format!("{DEPOSITIONS}/{}/actions/newversion", encode(of));
        let answer = self
            .http
            .json("POST", &path, RequestBody::None, Again::Safe)?;
        let latest = answer
            .pointer("/links/latest_draft")
            .and_then(Value::as_str);
        let id = latest.and_then(|link| link.trim_end_matches('/').rsplit('/').next());
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            return Err(self.strange("a new version without an address"));
        };
        self.draft_of(&self.get(&Self::path(&Draft::new(id)))?)
    }

    fn reserve_doi(&self, draft: &mut Draft) -> Result<Option<String>, ArchiveError> {
        // It is reserved with the draft.
        let found = self.get(&Self::path(draft))?;
        if draft.remote.is_null() {
            draft.remote = self.draft_of(&found)?.remote;
        }
        let doi = found.pointer("/metadata/prereserve_doi/doi");
        Ok(doi.and_then(Value::as_str).map(str::to_owned))
    }

    fn set_metadata(&self, draft: &mut Draft, metadata: &Value) -> Result<(), ArchiveError> {
        let path = Self::path(draft);
        match self
            .http
            .json("PUT", &path, RequestBody::Json(metadata), Again::Safe)
        {
            Ok(_) => Ok(()),
            Err(ArchiveError::Refused { mut refusals }) => {
                refusal::locate(&mut refusals, metadata);
                Err(ArchiveError::Refused { refusals })
            }
            Err(error) => Err(error),
        }
    }

    fn files(&self, draft: &Draft) -> Result<Vec<RemoteFile>, ArchiveError> {
        let found = self.get(&Self::path(draft))?;
        let files = found.get("files").and_then(Value::as_array);
        Ok(files
            .into_iter()
            .flatten()
            .filter_map(listed_file)
            .collect())
    }

    fn put_file(
        &self,
        draft: &Draft,
        file: &LocalFile,
        sending: &mut dyn Sending,
    ) -> Result<RemoteFile, ArchiveError> {
        let files = self.files(draft)?;
        if let Some(found) = files.into_iter().find(|found| found.is(file)) {
            return Ok(found);
        }
        let path = format!("{}/{}", self.bucket(draft)?, encode(&file.name));
        let body = RequestBody::File(FileBody {
            file,
            offset: 0,
            length: file.size,
            sending,
        });
        // The same name replaces what is there.
        let answer = self.http.send("PUT", &path, body, Again::Never)?;
        if matches!(answer.status, 400 | 413) {
            return Err(ArchiveError::FileRefused {
                name: file.name.clone(),
                message: self.http.message(&answer),
            });
        }
        let entry = self.http.expect_json(&path, &answer)?;
        Ok(RemoteFile {
            name: text_of(&entry, "key").unwrap_or_else(|| file.name.clone()),
            size: entry.get("size").and_then(Value::as_u64),
            md5: text_of(&entry, "checksum").map(|sum| bare(&sum)),
            is_complete: true,
        })
    }

    fn delete_file(&self, draft: &Draft, name: &str) -> Result<(), ArchiveError> {
        self.delete(&format!("{}/{}", self.bucket(draft)?, encode(name)))
    }

    fn publish(&self, draft: &Draft) -> Result<(), ArchiveError> {
        let path = format!("{}/actions/publish", Self::path(draft));
        let answer = self
            .http
            .send("POST", &path, RequestBody::None, Again::Never)?;
        if answer.is_success() {
            return Ok(());
        }
        Err(self.http.refusal(&path, &answer))
    }

    fn standing(&self, draft: &Draft) -> Result<Standing, ArchiveError> {
        let found = match self.get(&Self::path(draft)) {
            Ok(found) => found,
            Err(ArchiveError::NotFound { .. }) => return Ok(Standing::Gone),
            Err(error) => return Err(error),
        };
        if found.get("submitted") != Some(&Value::Bool(true)) {
            return Ok(Standing::Draft);
        }
        let link = |name: &str| {
            let url = found.pointer(&format!("/links/{name}"))?.as_str()?;
            Some(self.http.clean(url))
        };
        Ok(Standing::Published(PublishedRecord {
            id: found
                .get("record_id")
                .and_then(number_or_text)
                .unwrap_or_else(|| draft.id.clone()),
            doi: text_of(&found, "doi").filter(|doi| !doi.is_empty()),
            url: link("record_html").or_else(|| link("html")),
        }))
    }

    fn published_files(&self, draft: &Draft) -> Result<Vec<RemoteFile>, ArchiveError> {
        self.files(draft)
    }

    fn discard(&self, draft: &Draft) -> Result<(), ArchiveError> {
        self.delete(&Self::path(draft))
    }

    fn join(&self, _draft: &Draft, _community: &str) -> Result<(), ArchiveError> {
        // It is part of the metadata.
        Ok(())
    }
}

fn number_or_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn id_of(answer: &Value) -> Option<String> {
    answer.get("id").and_then(number_or_text)
}

fn bare(sum: &str) -> String {
    sum.strip_prefix("md5:").unwrap_or(sum).to_owned()
}

fn listed_file(entry: &Value) -> Option<RemoteFile> {
    Some(RemoteFile {
        name: text_of(entry, "filename").or_else(|| text_of(entry, "key"))?,
        size: ["filesize", "size"]
            .iter()
            .find_map(|key| entry.get(*key)?.as_u64()),
        md5: text_of(entry, "checksum").map(|sum| bare(&sum)),
        is_complete: true,
    })
}
