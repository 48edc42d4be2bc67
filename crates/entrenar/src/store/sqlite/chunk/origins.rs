//! The origins of points as columns of numbers.

use std::borrow::Cow;

use super::format::{ALL_PRESENT, Column};
use super::format::{Field, RAW, Reader, put_length};
use crate::session::{OptionalColumn, Origin, OriginKind};

/// The columns of origins: `kinds` for each row, the others for each origin.
#[derive(Default)]
pub(super) struct OriginColumns {
    pub(super) kinds: Vec<u32>,
    pub(super) cells: Vec<u32>,
    pub(super) outputs: Vec<u32>,
    pub(super) starts: Vec<u32>,
    pub(super) lengths: Vec<u32>,
    pub(super) rules: Vec<u32>,
    pub(super) names: Vec<u8>,
}

impl OriginColumns {
    /// The columns of `count` rows of which the first have these origins; `None` where none has.
    pub(super) fn of(origins: &[Option<Origin>], count: usize) -> Option<Self> {
        let present = || origins.iter().flatten();
        present().next()?;
        let mut names: Vec<&str> = present().map(|o| &*o.rule).collect();
        names.sort_unstable();
        names.dedup();
        let mut columns = Self {
            kinds: vec![0; count],
            ..Self::default()
        };
        for (kind, origin) in columns.kinds.iter_mut().zip(origins) {
            let Some(origin) = origin else { continue };
            *kind = kind_code(origin.kind);
            columns.cells.push(origin.cell);
            columns.outputs.push(origin.output);
            columns.starts.push(origin.span.start);
            columns
                .lengths
                .push(origin.span.end.wrapping_sub(origin.span.start));
            let place = names.binary_search(&&*origin.rule).unwrap_or_default();
            columns.rules.push(u32::try_from(place).unwrap_or_default());
        }
        for name in names {
            put_length(name.len(), &mut columns.names);
            columns.names.extend_from_slice(name.as_bytes());
        }
        Some(columns)
    }

    /// The column of rule names.
    pub(super) fn names_field(&self) -> Field<'_> {
        Field {
            id: Column::RuleNames as u8,
            encoding: RAW,
            presence: ALL_PRESENT,
            content: &self.names,
        }
    }
}

/// The columns of origins, decoded.
#[derive(Default)]
pub(super) struct DecodedOrigins {
    pub(super) kinds: OptionalColumn<u32>,
    pub(super) cells: OptionalColumn<u32>,
    pub(super) outputs: OptionalColumn<u32>,
    pub(super) starts: OptionalColumn<u32>,
    pub(super) lengths: OptionalColumn<u32>,
    pub(super) rules: OptionalColumn<u32>,
}

impl DecodedOrigins {
    /// How many of `count` rows have an origin.
    pub(super) fn with_origin(&self, count: usize) -> usize {
        if self.kinds.is_empty() {
            return 0;
        }
        (0..count)
            .filter(|row| self.kinds.get(*row).is_some_and(|kind| kind > 0))
            .count()
    }

    /// The origins of `count` rows; no list where none has one.
    pub(super) fn all(
        &self,
        names: &[Cow<'static, str>],
        count: usize,
    ) -> Result<Vec<Option<Origin>>, String> {
        let mut place = 0;
        let mut origins = Vec::new();
        if self.kinds.is_empty() {
            return Ok(origins);
        }
        for row in 0..count {
            let kind = self.kinds.get(row).unwrap_or(0);
            if kind > 0 {
                let origin = self.origin(kind, place, names);
                origins.resize_with(row, || None);
                origins.push(Some(origin.ok_or("an origin is broken")?));
                place += 1;
            }
        }
        Ok(origins)
    }

    fn origin(&self, kind: u32, place: usize, names: &[Cow<'static, str>]) -> Option<Origin> {
        let start = self.starts.get(place)?;
        let rule = usize::try_from(self.rules.get(place)?).ok()?;
        Some(Origin {
            kind: kind_of(kind)?,
            cell: self.cells.get(place)?,
            output: self.outputs.get(place)?,
            span: start..start.wrapping_add(self.lengths.get(place)?),
            rule: names.get(rule)?.clone(),
        })
    }
}

/// The rule names in the content of their column.
pub(super) fn rule_names(content: &[u8]) -> Result<Vec<Cow<'static, str>>, String> {
    let mut reader = Reader(content);
    let mut names = Vec::new();
    while !reader.0.is_empty() {
        let length = reader.length()?;
        let name = std::str::from_utf8(reader.take(length)?)
            .map_err(|error| format!("the name of a rule is not UTF-8: {error}"))?;
        names.push(Cow::Owned(name.to_owned()));
    }
    Ok(names)
}

fn kind_code(kind: OriginKind) -> u32 {
    match kind {
        OriginKind::Printed => 1,
        OriginKind::Evaluated => 2,
        OriginKind::File => 3,
    }
}

fn kind_of(code: u32) -> Option<OriginKind> {
    match code {
        1 => Some(OriginKind::Printed),
        2 => Some(OriginKind::Evaluated),
        3 => Some(OriginKind::File),
        _ => None,
    }
}
