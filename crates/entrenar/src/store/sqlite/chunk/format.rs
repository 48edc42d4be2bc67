//! The bytes that both versions and the pyramid have in common: a head, columns, a checksum.

use super::super::schema::CHUNK_POINTS;

pub(super) const HEADER_BYTES: usize = 16;

/// How the numbers of a column are written.
pub(super) const RAW: u8 = 0;
pub(super) const PCO: u8 = 1;
pub(super) const SAME: u8 = 2;
/// Version 2: the first number and what is added for each next.
pub(super) const STRIDE: u8 = 3;
/// Version 3: the first number, the least distance to a next one, and what each distance has beyond that.
pub(super) const DISTANCES: u8 = 4;
/// Version 3: as f32, which loses nothing.
pub(super) const SINGLE: u8 = 5;

pub(super) const ALL_PRESENT: u8 = 0;
pub(super) const BITMAP: u8 = 1;

/// Which column, in the order in which they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in super::super) enum Column {
    Value = 1,
    Step = 2,
    Epoch = 3,
    Time = 4,
    /// 0 for a point without an origin, else the kind; the next five have numbers for points
    /// with an origin only.
    OriginKind = 5,
    OriginCell = 6,
    OriginOutput = 7,
    SpanStart = 8,
    /// End less start, modulo 2^32.
    SpanLength = 9,
    /// Place in the rule names.
    OriginRule = 10,
    /// Each its length as 4 bytes and its UTF-8 bytes.
    RuleNames = 11,
}

/// What stands before the columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) magic: [u8; 8],
    pub(super) version: u8,
    /// Points of a page; 0 where there are no pages.
    pub(super) page_points: u16,
    /// Number of points.
    pub(super) count: usize,
}

/// A column as it lies in the bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) id: u8,
    pub(super) encoding: u8,
    pub(super) presence: u8,
    pub(super) content: &'a [u8],
}

/// Writes columns one after the other.
#[derive(Default)]
pub(super) struct Writer {
    columns: u8,
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn put(&mut self, field: Field<'_>) {
        self.columns += 1;
        self.bytes
            .extend_from_slice(&[field.id, field.encoding, field.presence, 0]);
        put_length(field.content.len(), &mut self.bytes);
        self.bytes.extend_from_slice(field.content);
    }

    /// The head and the columns. The checksum is the caller's.
    pub(super) fn finish(self, head: Head) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.bytes.len() + 8);
        bytes.extend_from_slice(&head.magic);
        bytes.extend_from_slice(&[head.version, self.columns]);
        bytes.extend_from_slice(&head.page_points.to_le_bytes());
        put_length(head.count, &mut bytes);
        bytes.extend_from_slice(&self.bytes);
        bytes
    }
}

/// Lengths here fit in 32 bits: 65,536 points of 8 bytes, and rule names.
pub(super) fn put_length(length: usize, bytes: &mut Vec<u8>) {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
}

/// Takes bytes from the front, never more than there are.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// Reads the head and the columns of `body`, which is all but the checksum.
    pub(super) fn columns(
        body: &'a [u8],
        magic: [u8; 8],
    ) -> Result<(Head, Vec<Field<'a>>), String> {
        let mut reader = Self(body);
        if reader.array()? != magic {
            return Err("it does not begin as a chunk".into());
        }
        let [version, columns] = reader.array()?;
        let page_points = u16::from_le_bytes(reader.array()?);
        let count = reader.length()?;
        if count > CHUNK_POINTS {
            return Err(format!("it claims {count} points"));
        }
        let head = Head {
            magic,
            version,
            page_points,
            count,
        };
        let mut fields = Vec::with_capacity(columns.into());
        for _ in 0..columns {
            let [id, encoding, presence, _] = reader.array()?;
            let length = reader.length()?;
            fields.push(Field {
                id,
                encoding,
                presence,
                content: reader.take(length)?,
            });
        }
        Ok((head, fields))
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("it ends too early")?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn length(&mut self) -> Result<usize, String> {
        let length = u32::from_le_bytes(self.array()?);
        usize::try_from(length).map_err(|error| error.to_string())
    }
}

/// Whether the bytes end in the CRC-32C of what is before (and of `seed`); gives what is before.
pub(super) fn checked(bytes: &[u8], seed: u32) -> Result<&[u8], String> {
    let (body, sum) = bytes.split_last_chunk().ok_or("it is too short")?;
    if crc32c::crc32c_append(seed, body) != u32::from_le_bytes(*sum) {
        return Err("its checksum is wrong".into());
    }
    Ok(body)
}

/// Appends the CRC-32C of the bytes and of `seed`, and gives it.
pub(super) fn seal(bytes: &mut Vec<u8>, seed: u32) -> u32 {
    let sum = crc32c::crc32c_append(seed, bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    sum
}
