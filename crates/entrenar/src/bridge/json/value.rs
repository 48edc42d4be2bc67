use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::session::{ImportWarning, Place, WarningKind};

/// Largest number of duplicate keys that get a warning of their own.
const MAX_DUPLICATES: usize = 20;

/// Bounds of the floats that no 64-bit integer reaches: −2⁶³ and 2⁶⁴.
const WIDE: (f64, f64) = (-9_223_372_036_854_775_808.0, 18_446_744_073_709_551_616.0);

/// A document with what was seen while it was built.
pub(super) struct Built {
    pub(super) value: Value,
    /// Whether there was a float that may have been written as an integer beyond 64 bits.
    pub(super) wide_numbers: bool,
    /// Keys that an object has twice.
    pub(super) duplicates: Vec<ImportWarning>,
}

/// Why a document could not be built.
pub(super) struct Failure {
    pub(super) error: serde_json::Error,
    /// Whether it is the limit of values that was reached.
    pub(super) too_many: bool,
}

/// Builds the value of `text`, which has at most `max_values` values.
pub(super) fn parse(text: &str, max_values: usize) -> Result<Built, Failure> {
    let mut state = State {
        left: max_values,
        ..State::default()
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let built = Seed(&mut state)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match built {
        Ok(value) => Ok(Built {
            value,
            wide_numbers: state.wide_numbers,
            duplicates: state.warnings(),
        }),
        Err(error) => Err(Failure {
            error,
            too_many: state.too_many,
        }),
    }
}

enum Segment {
    Key(String),
    Index(usize),
}

#[derive(Default)]
struct State {
    left: usize,
    too_many: bool,
    wide_numbers: bool,
    /// Paths of duplicate keys, innermost segment first. Each level that is left appends its
    /// own segment to those that were found inside it.
    duplicates: Vec<Vec<Segment>>,
    /// Number of duplicate keys, those without a path included.
    duplicate_count: usize,
    /// The elements of the arrays that are not at their end yet, those of the innermost last:
    /// an array gets its memory once, when its length is known.
    elements: Vec<Value>,
}

impl State {
    fn duplicate(&mut self, key: &str) {
        self.duplicate_count += 1;
        if self.duplicates.len() < MAX_DUPLICATES {
            self.duplicates.push(vec![Segment::Key(key.to_owned())]);
        }
    }

    fn leave(&mut self, from: usize, segment: impl Fn() -> Segment) {
        for path in self.duplicates.iter_mut().skip(from) {
            path.push(segment());
        }
    }

    fn warnings(&self) -> Vec<ImportWarning> {
        let mut warnings: Vec<_> = self
            .duplicates
            .iter()
            .map(|path| {
                ImportWarning::new(
                    WarningKind::InvalidValue,
                    Place::path(join(path)),
                    "the object has this key more than once; the last one counts",
                )
            })
            .collect();
        let more = self.duplicate_count - warnings.len();
        if more > 0 {
            warnings.push(ImportWarning::new(
                WarningKind::InvalidValue,
                Place::default(),
                format!("{more} more keys are in their object more than once; the last one counts"),
            ));
        }
        warnings
    }
}

fn join(path: &[Segment]) -> String {
    let mut joined = String::new();
    for segment in path.iter().rev() {
        match segment {
            Segment::Key(key) => {
                if !joined.is_empty() {
                    joined.push('.');
                }
                joined.push_str(key);
            }
            Segment::Index(index) => joined.push_str(&format!("[{index}]")),
        }
    }
    joined
}

/// Builds one value; counts it.
struct Seed<'a>(&'a mut State);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        match self.0.left.checked_sub(1) {
            Some(left) => self.0.left = left,
            None => {
                self.0.too_many = true;
                return Err(D::Error::custom("too many values"));
            }
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        if value <= WIDE.0 || value >= WIDE.1 {
            self.0.wide_numbers = true;
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let start = self.0.elements.len();
        loop {
            let known = self.0.duplicates.len();
            let Some(value) = sequence.next_element_seed(Seed(&mut *self.0))? else {
                return Ok(Value::Array(self.0.elements.drain(start..).collect()));
            };
            let index = self.0.elements.len() - start;
            self.0.leave(known, || Segment::Index(index));
            self.0.elements.push(value);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let known = self.0.duplicates.len();
            let value = access.next_value_seed(Seed(&mut *self.0))?;
            if self.0.duplicates.len() > known {
                self.0.leave(known, || Segment::Key(key.clone()));
            }
            match map.entry(key) {
                serde_json::map::Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                serde_json::map::Entry::Occupied(mut entry) => {
                    self.0.duplicate(entry.key());
                    entry.insert(value);
                }
            }
        }
        Ok(Value::Object(map))
    }
}
