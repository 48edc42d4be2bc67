use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Value, json};

use super::{Entity, Version};

/// The file that holds the graph.
pub const METADATA_FILE: &str = "ro-crate-metadata.json";
/// The page that shows it.
pub const PREVIEW_FILE: &str = "ro-crate-preview.html";
/// The `@id` of the crate itself.
pub const ROOT_ID: &str = "./";

/// The entities of a crate.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    version: Version,
    root: Entity,
    entities: BTreeMap<String, Entity>,
}

impl Graph {
    /// A crate of which nothing is known.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            root: Entity::new(ROOT_ID, "Dataset"),
            entities: BTreeMap::new(),
        }
    }

    /// The version of RO-Crate that it is written in.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The crate itself.
    pub fn root(&mut self) -> &mut Entity {
        &mut self.root
    }

    /// The crate itself, to look at.
    pub fn root_entity(&self) -> &Entity {
        &self.root
    }

    /// Adds an entity; what is known of it already stays.
    pub fn add(&mut self, entity: Entity) {
        match self.entities.entry(entity.id().to_owned()) {
            Entry::Vacant(place) => {
                place.insert(entity);
            }
            Entry::Occupied(mut place) => place.get_mut().merge(entity),
        }
    }

    /// The entity of that `@id`.
    pub fn get(&self, id: &str) -> Option<&Entity> {
        match id {
            ROOT_ID => Some(&self.root),
            id => self.entities.get(id),
        }
    }

    /// Refers from one entity to another; nothing happens where the first is not described.
    pub fn link(&mut self, from: &str, property: &str, to: &str) {
        match from {
            ROOT_ID => self.root.link(property, to),
            from => {
                if let Some(entity) = self.entities.get_mut(from) {
                    entity.link(property, to);
                }
            }
        }
    }

    /// All entities but the metadata file and the root, by `@id`.
    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.entities.values()
    }

    /// Local `@id`s that are referred to and described nowhere: a mistake of whoever made the
    /// graph.
    pub fn dangling(&self) -> Vec<String> {
        let mut missing: Vec<_> = std::iter::once(&self.root)
            .chain(self.entities.values())
            .flat_map(Entity::all_links)
            .filter(|id| !id.contains("://") && !id.starts_with("mailto:") && *id != METADATA_FILE)
            .filter(|id| self.get(id).is_none())
            .map(ToOwned::to_owned)
            .collect();
        missing.sort();
        missing.dedup();
        missing
    }

    /// The graph as a JSON value.
    pub fn to_value(&self) -> Value {
        let contexts = self.version.contexts();
        let context = match contexts {
            [only] => json!(only),
            several => json!(several),
        };
        let metadata = Entity::new(METADATA_FILE, "CreativeWork")
            .with_link("about", ROOT_ID)
            .with_link("conformsTo", self.version.uri())
            .with("name", "RO-Crate metadata");
        let graph: Vec<Value> = [&metadata, &self.root]
            .into_iter()
            .chain(self.entities.values())
            .map(Entity::to_json)
            .collect();
        json!({ "@context": context, "@graph": graph })
    }

    /// The bytes of `ro-crate-metadata.json`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = format!("{:#}", self.to_value()).into_bytes();
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_stands_alone_and_several_in_a_list() {
        let mut graph = Graph::new(Version::V1_2);
        graph.add(Entity::new("#b", "Person").with("name", "B"));
        graph.add(Entity::new("#a", "Person").with("name", "A"));
        graph.add(
            Entity::new("#b", "Organization")
                .with("name", "B")
                .with("name", "C"),
        );
        graph.root().link("author", "#a");
        graph.root().link("author", "#none");
        insta::assert_snapshot!(String::from_utf8(graph.to_json()).unwrap());
        assert_eq!(graph.dangling(), ["#none"]);
    }
}
