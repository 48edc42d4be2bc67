//! What CodeMeta and schema.org say alike, both being JSON-LD in schema.org's words.

use serde_json::{Value, json};

use super::facts::{Cited, Facts, Grant, Rights, Who, license_url};
use super::json::{Object, one_or_list, unique};
use crate::research::{AuthorKind, ReferenceKind, RelationType};

/// How a vocabulary writes the words of schema.org that are not its own: CodeMeta with a prefix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// Stands before each word that CodeMeta's context does not define.
    pub(super) prefix: &'static str,
}

impl Words {
    pub(super) fn word(self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// From `identifier` to `license`: what does not depend on the vocabulary.
    pub(super) fn put_common(self, out: &mut Object, facts: &Facts<'_>) {
        let doi = facts.doi().map(|doi| format!("https://doi.org/{doi}"));
        let mut identifiers: Vec<Value> = doi.into_iter().map(Value::from).collect();
        identifiers.extend(facts.id().map(|id| {
            Object::new()
                .with("@type", self.word("PropertyValue"))
                .with(&self.word("propertyID"), "Session id")
                .with(&self.word("value"), id)
                .into()
        }));
        out.put("identifier", one_or_list(identifiers));
        out.put("version", facts.version());
        let created = facts.recorded_days();
        let created = created.as_deref().and_then(|days| days.split('/').next());
        out.put("dateCreated", created);
        out.put("datePublished", facts.date_or_year());
        out.put("license", self.license(facts));
        out.put(
            "publisher",
            facts
                .publisher()
                .map(|name| json!({ "@type": "Organization", "name": name })),
        );
        out.put("url", facts.url());
        out.put("codeRepository", facts.repository());
        out.put(&self.word("inLanguage"), facts.language());
    }

    /// The address of a licence of the SPDX list, several for a choice; else its expression as a
    /// work of that name.
    fn license(self, facts: &Facts<'_>) -> Value {
        match facts.rights() {
            Rights::NotChosen => Value::Null,
            Rights::AnyOf(ids) => {
                one_or_list(ids.into_iter().map(|id| license_url(id).into()).collect())
            }
            Rights::Expression(license) => json!({
                "@type": self.word("CreativeWork"),
                "name": license.as_str(),
            }),
        }
    }

    /// A work that is cited.
    fn work(self, cited: &Cited<'_>) -> Value {
        let kind = match cited.kind {
            ReferenceKind::Dataset => self.word("Dataset"),
            ReferenceKind::Software | ReferenceKind::Notebook => "SoftwareSourceCode".to_owned(),
            ReferenceKind::Article | ReferenceKind::ConferencePaper | ReferenceKind::Preprint => {
                self.word("ScholarlyArticle")
            }
            ReferenceKind::Book => self.word("Book"),
            _ => self.word("CreativeWork"),
        };
        let people = cited.authors.iter().map(|who| {
            let kind = if who.is_organisation() {
                "Organization"
            } else {
                "Person"
            };
            json!({ "@type": kind, "name": who.in_reading_order() })
        });
        Object::new()
            .with("@id", cited.address.as_deref())
            .with("@type", kind)
            .with("name", cited.title.as_deref())
            .with("author", people.collect::<Value>())
            .with("datePublished", cited.year.map(|year| format!("{year:04}")))
            .with("version", cited.version.as_deref())
            .into()
    }

    /// The related identifiers by what they are to the work.
    pub(super) fn put_related(self, out: &mut Object, facts: &Facts<'_>) {
        let related = &facts.artifact.related;
        let of = |wanted: &[RelationType]| {
            let found = related
                .iter()
                .filter(|related| wanted.contains(&related.relation))
                .map(|related| json!({ "@id": related.identifier.uri() }));
            match unique(found) {
                Value::Array(items) => one_or_list(items),
                other => other,
            }
        };
        use RelationType as R;
        out.put("sameAs", of(&[R::IsIdenticalTo]));
        // The works themselves say more than their addresses.
        let works = facts.references();
        let mut citations: Vec<Value> = works.iter().map(|cited| self.work(cited)).collect();
        let addresses: Vec<&str> = works.iter().filter_map(|c| c.address.as_deref()).collect();
        let more = related.iter().filter(|related| {
            matches!(related.relation, R::Cites | R::References)
                && !addresses.contains(&related.identifier.uri().as_str())
        });
        citations.extend(more.map(|related| json!({ "@id": related.identifier.uri() })));
        if let Value::Array(citations) = unique(citations) {
            out.put("citation", one_or_list(citations));
        }
        out.put("isPartOf", of(&[R::IsPartOf, R::IsPublishedIn]));
        out.put("hasPart", of(&[R::HasPart]));
        out.put(
            &self.word("isBasedOn"),
            of(&[R::IsDerivedFrom, R::IsNewVersionOf, R::Requires]),
        );
        out.put(
            &self.word("subjectOf"),
            of(&[R::IsDescribedBy, R::IsDocumentedBy]),
        );
        let named = [
            R::IsIdenticalTo,
            R::Cites,
            R::References,
            R::IsPartOf,
            R::IsPublishedIn,
            R::HasPart,
            R::IsDerivedFrom,
            R::IsNewVersionOf,
            R::Requires,
            R::IsDescribedBy,
            R::IsDocumentedBy,
        ];
        let others = related
            .iter()
            .filter(|related| !named.contains(&related.relation))
            .map(|related| related.identifier.uri().into());
        out.put("relatedLink", unique(others));
    }
}

/// The authors, then the CRediT roles of those who have some, as `contributor`.
pub(super) fn put_people(out: &mut Object, facts: &Facts<'_>) {
    let authors = facts.authors();
    let people = authors.iter().zip(1..).map(|(who, at)| person(who, at));
    out.put("author", people.collect::<Value>());
    let roles: Vec<Value> = authors
        .iter()
        .zip(1..)
        .flat_map(|(who, at)| {
            let id = who_id(who, at);
            who.roles().iter().map(move |role| {
                Object::new()
                    .with("@type", "Role")
                    .with("contributor", json!({ "@id": id }))
                    .with("roleName", role.name())
                    .with("url", role.uri())
                    .into()
            })
        })
        .collect();
    out.put("contributor", roles);
}

/// A funder as an organisation.
pub(super) fn funder(grant: &Grant<'_>) -> Value {
    Object::new()
        .with("@type", "Organization")
        .with("@id", grant.ror.map(|ror| ror.uri()))
        .with("name", grant.funder.as_str())
        .into()
}

fn who_id(who: &Who<'_>, at: usize) -> String {
    who.orcid()
        .map_or_else(|| format!("_:author-{at}"), |orcid| orcid.uri())
}

fn person(who: &Who<'_>, at: usize) -> Value {
    let mut out = Object::new();
    let kind = if who.is_organisation() {
        "Organization"
    } else {
        "Person"
    };
    out.put("@id", who_id(who, at));
    out.put("@type", kind);
    if who.kind == AuthorKind::Person {
        out.put("givenName", who.given());
        out.put("familyName", who.family());
    }
    out.put("name", who.in_reading_order());
    out.put("email", who.email());
    let affiliations = who.affiliations().into_iter().map(|(name, ror)| {
        Object::new()
            .with("@type", "Organization")
            .with("@id", ror.map(|ror| ror.uri()))
            .with("name", name)
            .into()
    });
    match unique(affiliations) {
        Value::Array(items) => out.put("affiliation", one_or_list(items)),
        other => out.put("affiliation", other),
    }
    out.into()
}

/// Programs that were used.
pub(super) fn software(facts: &Facts<'_>) -> Value {
    unique(facts.software().map(|(name, version, url)| {
        Object::new()
            .with("@type", "SoftwareApplication")
            .with("name", name)
            .with("softwareVersion", version)
            .with("url", url)
            .into()
    }))
}
