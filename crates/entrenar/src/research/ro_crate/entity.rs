use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Something that a crate describes: an `@id`, types, and properties with one or more values.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    id: String,
    types: Vec<String>,
    properties: BTreeMap<String, Vec<Value>>,
}

impl Entity {
    /// An entity of one type, such as `File`.
    pub fn new(id: impl Into<String>, kind: &str) -> Self {
        Self {
            id: id.into(),
            types: vec![kind.to_owned()],
            properties: BTreeMap::new(),
        }
    }

    /// Its `@id`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its types.
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// The names of its properties, sorted.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        self.properties.keys().map(String::as_str)
    }

    /// The values of a property; none where it is not set. A reference to another entity is an
    /// object with `@id` alone.
    pub fn values(&self, property: &str) -> &[Value] {
        self.properties.get(property).map_or(&[], Vec::as_slice)
    }

    /// The first value of a property, if it is text.
    pub fn text(&self, property: &str) -> Option<&str> {
        self.values(property).first()?.as_str()
    }

    /// The `@id`s that a property refers to.
    pub fn links(&self, property: &str) -> impl Iterator<Item = &str> {
        self.values(property).iter().filter_map(reference)
    }

    /// Adds a type.
    #[must_use]
    pub fn with_type(mut self, kind: &str) -> Self {
        self.add_type(kind);
        self
    }

    /// Adds a type; one that is there already is not added again.
    pub fn add_type(&mut self, kind: &str) {
        if !self.types.iter().any(|known| known == kind) {
            self.types.push(kind.to_owned());
        }
    }

    /// Adds a value to a property.
    #[must_use]
    pub fn with(mut self, property: &str, value: impl Into<Value>) -> Self {
        self.add(property, value);
        self
    }

    /// Adds a value to a property where there is one; blank text is none.
    #[must_use]
    pub fn with_some(self, property: &str, value: Option<impl Into<Value>>) -> Self {
        match value.map(Into::into) {
            None => self,
            Some(Value::String(text)) if text.trim().is_empty() => self,
            Some(value) => self.with(property, value),
        }
    }

    /// Adds a reference to a property.
    #[must_use]
    pub fn with_link(mut self, property: &str, id: &str) -> Self {
        self.link(property, id);
        self
    }

    /// Replaces all values of a property by one.
    pub fn set(&mut self, property: &str, value: impl Into<Value>) {
        self.properties
            .insert(property.to_owned(), vec![value.into()]);
    }

    /// Adds a value to a property; one that is there already is not added again.
    pub fn add(&mut self, property: &str, value: impl Into<Value>) {
        let value = value.into();
        let values = self.properties.entry(property.to_owned()).or_default();
        // Long lists are lists of files, whose ids are distinct.
        if values.len() > 64 || !values.contains(&value) {
            values.push(value);
        }
    }

    /// Adds a reference to the entity `id`.
    pub fn link(&mut self, property: &str, id: &str) {
        self.add(property, json!({ "@id": id }));
    }

    /// Takes over types and values of another description of the same entity.
    pub(super) fn merge(&mut self, other: Self) {
        for kind in other.types {
            self.add_type(&kind);
        }
        for (property, values) in other.properties {
            for value in values {
                self.add(&property, value);
            }
        }
    }

    /// All `@id`s that it refers to.
    pub(super) fn all_links(&self) -> impl Iterator<Item = &str> {
        self.properties.values().flatten().filter_map(reference)
    }

    /// A property with one value has that value, with several a list of them.
    pub(super) fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("@id".into(), self.id.clone().into());
        let types = self.types.iter().map(|kind| Value::from(kind.as_str()));
        object.insert("@type".into(), compact(types.collect()));
        for (property, values) in &self.properties {
            if !values.is_empty() {
                object.insert(property.clone(), compact(values.clone()));
            }
        }
        object.into()
    }
}

fn compact(mut values: Vec<Value>) -> Value {
    match (values.pop(), values.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            values.extend(last);
            Value::Array(values)
        }
    }
}

fn reference(value: &Value) -> Option<&str> {
    value.as_object()?.get("@id")?.as_str()
}
