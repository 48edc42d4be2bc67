//! Version 1: each column in one piece, for few points.
//!
//! The head's 8 bytes behind the count are the columns; the checksum is the first 8 bytes of the
//! SHA-256 of all before. See `docs/store-format.md`.

use std::ops::Range;

use pco::standalone::simple_compress;

use super::MAGIC;
use super::format::{Column, Head, PCO, Reader, Writer};
use super::number::{MIN_COMPRESSED, Plain, numbers, put_column};
use super::origins::{DecodedOrigins, OriginColumns, rule_names};
use crate::session::{OptionalColumn, Series, Sha256Hash};

pub(super) const VERSION: u8 = 1;
pub(super) const CHECKSUM_BYTES: usize = 8;

/// Encodes the points `range` of `series`.
pub(super) fn encode(series: &Series, range: Range<usize>) -> Vec<u8> {
    let mut writer = Writer::default();
    let values = series.values().get(range.clone()).unwrap_or_default();
    put(&mut writer, Column::Value, values, None);
    optional(&mut writer, Column::Step, series.steps(), range.clone());
    optional(&mut writer, Column::Epoch, series.epochs(), range.clone());
    optional(&mut writer, Column::Time, series.times_us(), range.clone());
    if let Some(origins) = OriginColumns::of(series.origins(range.clone()), range.len()) {
        put(&mut writer, Column::OriginKind, &origins.kinds, None);
        put(&mut writer, Column::OriginCell, &origins.cells, None);
        put(&mut writer, Column::OriginOutput, &origins.outputs, None);
        put(&mut writer, Column::SpanStart, &origins.starts, None);
        put(&mut writer, Column::SpanLength, &origins.lengths, None);
        put(&mut writer, Column::OriginRule, &origins.rules, None);
        writer.put(origins.names_field());
    }
    let mut bytes = writer.finish(Head {
        magic: MAGIC,
        version: VERSION,
        page_points: 0,
        count: range.len(),
    });
    let checksum = checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

fn optional<T: Plain>(
    writer: &mut Writer,
    column: Column,
    numbers: &OptionalColumn<T>,
    range: Range<usize>,
) {
    let (numbers, bitmap) = numbers.present(range);
    put(writer, column, &numbers, bitmap);
}

fn put<T: Plain>(writer: &mut Writer, column: Column, numbers: &[T], bitmap: Option<Vec<u8>>) {
    put_column(writer, column, numbers, bitmap, |numbers, content| {
        content.extend_from_slice(&compress(column, numbers)?);
        Some(PCO)
    });
}

fn compress<T: Plain>(column: Column, numbers: &[T]) -> Option<Vec<u8>> {
    if numbers.len() < MIN_COMPRESSED {
        return None;
    }
    let packed = simple_compress(numbers, &column.config()).ok()?;
    (packed.len() < numbers.len() * T::BYTES).then_some(packed)
}

pub(super) fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256Hash::of(bytes);
    let mut first = [0; CHECKSUM_BYTES];
    for (to, from) in first.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    first
}

/// Decodes a chunk and appends its points to `series`.
pub(super) fn decode(bytes: &[u8], series: &mut Series) -> Result<usize, String> {
    let (body, sum) = bytes
        .split_last_chunk::<CHECKSUM_BYTES>()
        .ok_or("it is too short")?;
    if checksum(body) != *sum {
        return Err("its checksum is wrong".into());
    }
    let (head, fields) = Reader::columns(body, MAGIC)?;
    let count = head.count;
    let mut values = OptionalColumn::default();
    let mut steps = OptionalColumn::default();
    let mut epochs = OptionalColumn::default();
    let mut times = OptionalColumn::default();
    let mut origins = DecodedOrigins::default();
    let mut names = Vec::new();
    for field in &fields {
        let of_origin = || numbers(field, origins.with_origin(count));
        match field.id {
            c if c == Column::Value as u8 => values = numbers(field, count)?,
            c if c == Column::Step as u8 => steps = numbers(field, count)?,
            c if c == Column::Epoch as u8 => epochs = numbers(field, count)?,
            c if c == Column::Time as u8 => times = numbers(field, count)?,
            c if c == Column::OriginKind as u8 => origins.kinds = numbers(field, count)?,
            c if c == Column::OriginCell as u8 => origins.cells = of_origin()?,
            c if c == Column::OriginOutput as u8 => origins.outputs = of_origin()?,
            c if c == Column::SpanStart as u8 => origins.starts = of_origin()?,
            c if c == Column::SpanLength as u8 => origins.lengths = of_origin()?,
            c if c == Column::OriginRule as u8 => origins.rules = of_origin()?,
            c if c == Column::RuleNames as u8 => names = rule_names(field.content)?,
            unknown => return Err(format!("it has an unknown column {unknown}")),
        }
    }
    let values = values.whole(0..count).ok_or("a value is missing")?;
    let origins = origins.all(&names, count)?;
    series.append(values, &steps, &epochs, &times, origins);
    Ok(count)
}
