use proptest::prelude::*;

use super::*;
use crate::session::{Origin, OriginKind, Point, SeriesKey};
use crate::window::WindowAxis;

const SMALL: Paging = Paging {
    chunk_points: 200,
    whole_points: 40,
    page_points: 16,
};

fn empty() -> Series {
    Series::new(SeriesKey::named("loss"))
}

fn series(points: u32) -> Series {
    let mut series = empty();
    for index in 0..points {
        series.push(Point {
            value: 1.0 / f64::from(index + 1),
            step: Some(index.into()),
            epoch: (index % 3 == 0).then(|| f64::from(index)),
            time_us: Some(1_700_000_000_000_000 + i64::from(index * index % 977)),
            origin: (index % 2 == 0).then(|| Origin {
                kind: OriginKind::Printed,
                cell: index / 10,
                output: 0,
                span: index..index + 6,
                rule: "key-value".into(),
            }),
        });
    }
    series
}

fn decode(chunk: &EncodedChunk, series: &mut Series) -> Result<(), String> {
    if !is_paged(&chunk.data) {
        return decode_whole(&chunk.data, series).map(drop);
    }
    let head = PagedHead::parse(&chunk.data)?;
    let mut decoder = head.decoder(&[])?;
    for (place, page) in chunk.pages.iter().enumerate() {
        decoder.page(place, page, series)?;
    }
    Ok(())
}

fn point() -> impl Strategy<Value = Point> {
    let number = || prop_oneof![any::<f64>(), (0..5_u8).prop_map(f64::from)];
    let whole = || prop_oneof![any::<i64>(), 0..5_i64];
    let rule = prop_oneof![Just("a"), Just("b")];
    let origin = (any::<[u32; 4]>(), rule).prop_map(|([cell, output, start, end], rule)| Origin {
        kind: OriginKind::File,
        cell,
        output,
        span: start..end,
        rule: rule.into(),
    });
    (
        number(),
        proptest::option::weighted(0.9, whole()),
        proptest::option::weighted(0.2, number()),
        proptest::option::weighted(0.5, whole()),
        proptest::option::weighted(0.3, origin),
    )
        .prop_map(|(value, step, epoch, time_us, origin)| Point {
            value,
            step,
            epoch,
            time_us,
            origin,
        })
}

proptest! {
    #[test]
    fn any_points_come_back(
        points in proptest::collection::vec(point(), 0..400),
        stride in proptest::option::of(-5..5_i64),
    ) {
        let mut points = points;
        for (step, point) in (0..).zip(points.iter_mut()) {
            if let Some(stride) = stride {
                point.step = Some(step * stride);
            }
        }
        let mut original = empty();
        for point in points {
            original.push(point);
        }
        let mut decoded = empty();
        for chunk in encode_all(&original, SMALL) {
            prop_assert!(decode(&chunk, &mut decoded).is_ok());
        }
        prop_assert_eq!(&decoded, &original);
        // Those that wait. Points with origins are never written so.
        let middle = original.len() / 2;
        decoded.clear();
        for range in [0..middle, middle..original.len()] {
            let chunk = encode_plain(&original, range.clone());
            let has_origins = !original.origins(range.clone()).is_empty();
            prop_assert_eq!(is_plain(&chunk.data), !has_origins);
            prop_assert_eq!(&chunk.statistics, &encode(&original, range, SMALL).statistics);
            prop_assert!(decode(&chunk, &mut decoded).is_ok());
        }
        prop_assert_eq!(&decoded, &original);
    }

    /// Times and values of any kind, as they wait.
    #[test]
    fn what_waits_comes_back(
        numbers in proptest::collection::vec(any::<(f32, i64)>(), 1..60),
        size in prop_oneof![Just(1_i64), Just(200), Just(1 << 15), Just(1 << 30), Just(1 << 50)],
        exact in any::<bool>(),
    ) {
        let mut original = empty();
        for (index, (value, time)) in (0..).zip(numbers) {
            let value = f64::from(value);
            original.push(Point {
                value: if exact { value } else { value / 3.0 },
                step: Some(time),
                time_us: Some(index * 1_000 + time % size),
                ..Point::default()
            });
        }
        let mut decoded = empty();
        let bytes = plain::encode(&original, 0..original.len());
        prop_assert_eq!(plain::decode(&bytes, &mut decoded), Ok(original.len()));
        prop_assert_eq!(&decoded, &original);
    }

    #[test]
    fn changed_bytes_of_what_waits_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = plain::encode(&series(300), 0..300);
        bytes.truncate(bytes.len() - 4);
        for (index, byte) in &changes {
            *index.get_mut(&mut bytes) = *byte;
        }
        format::seal(&mut bytes, 0);
        let mut decoded = empty();
        if let Ok(count) = decode_whole(&bytes, &mut decoded) {
            prop_assert_eq!(decoded.len(), count);
        }
    }

    /// Bytes whose checksum is right, so that damage reaches the columns.
    #[test]
    fn changed_bytes_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = whole::encode(&series(300), 0..300);
        bytes.truncate(bytes.len() - whole::CHECKSUM_BYTES);
        for (index, byte) in &changes {
            *index.get_mut(&mut bytes) = *byte;
        }
        let sum = whole::checksum(&bytes);
        bytes.extend_from_slice(&sum);
        let mut decoded = empty();
        if let Ok(count) = decode_whole(&bytes, &mut decoded) {
            prop_assert_eq!(decoded.len(), count);
        }
    }

    #[test]
    fn changed_heads_pyramids_and_pages_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        which in 0..3_usize,
    ) {
        let mut chunk = encode(&series(300), 0..300, SMALL);
        let change = |bytes: &mut Vec<u8>, seed: u32| {
            bytes.truncate(bytes.len() - 4);
            for (index, byte) in &changes {
                *index.get_mut(bytes) = *byte;
            }
            format::seal(bytes, seed);
        };
        let sum = PagedHead::parse(&chunk.data).unwrap().sum();
        match which {
            0 => change(&mut chunk.data, 0),
            1 => change(chunk.pyramid.as_mut().unwrap(), sum),
            _ => change(&mut chunk.pages[3], paged::page_seed(sum, 3)),
        }
        let mut decoded = empty();
        if let Ok(head) = PagedHead::parse(&chunk.data) {
            let pyramid = chunk.pyramid.as_ref().unwrap();
            for axis in [WindowAxis::Step, WindowAxis::Time, WindowAxis::Epoch] {
                if let Ok(pages) = Summaries::parse(&head, pyramid, axis, 0) {
                    for place in 0..head.pages() {
                        if let Ok(PageSummary::Known(page)) = pages.page(place) {
                            prop_assert_eq!(page.count, head.rows(place).len() as u64);
                        }
                    }
                }
            }
            if decode(&chunk, &mut decoded).is_ok() && head.pages() == chunk.pages.len() {
                prop_assert_eq!(decoded.len(), head.count());
            }
        }
    }
}

#[test]
fn a_truncated_or_longer_chunk_is_an_error() {
    let bytes = whole::encode(&series(100), 0..100);
    for length in 0..bytes.len() {
        assert!(
            decode_whole(&bytes[..length], &mut empty()).is_err(),
            "{length}"
        );
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(decode_whole(&longer, &mut empty()).is_err());

    let bytes = plain::encode(&series(100), 0..100);
    for length in 0..bytes.len() {
        assert!(decode_whole(&bytes[..length], &mut empty()).is_err());
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(decode_whole(&longer, &mut empty()).is_err());

    let chunk = encode(&series(100), 0..100, SMALL);
    let head = PagedHead::parse(&chunk.data).unwrap();
    let mut decoder = head.decoder(&[]).unwrap();
    for (place, page) in chunk.pages.iter().enumerate() {
        for length in 0..page.len() {
            assert!(decoder.page(place, &page[..length], &mut empty()).is_err());
        }
        let longer = [page.as_slice(), &[0]].concat();
        assert!(decoder.page(place, &longer, &mut empty()).is_err());
        // Nor does a page fit at another place or into another chunk.
        assert!(decoder.page(place + 1, page, &mut empty()).is_err());
    }
    for length in 0..chunk.data.len() {
        assert!(PagedHead::parse(&chunk.data[..length]).is_err());
    }
    let other = encode(&series(101), 0..101, SMALL);
    assert!(decoder.page(0, &other.pages[0], &mut empty()).is_err());
    let pyramid = other.pyramid.unwrap();
    assert!(Summaries::parse(&head, &pyramid, WindowAxis::Step, 0).is_err());
}

#[test]
fn steps_at_equal_distances_take_no_bytes_in_pages() {
    let with_steps = |step: fn(i64) -> i64| {
        let mut series = empty();
        for index in 0..8_192_i64 {
            series.push(Point {
                value: 0.5,
                step: Some(step(index)),
                ..Point::default()
            });
        }
        let chunk = encode(&series, 0..series.len(), Paging::default());
        chunk.pages.iter().map(Vec::len).sum::<usize>()
    };
    // Each page is its checksum.
    assert_eq!(with_steps(|index| 10 + 3 * index), 8 * 4);
    assert!(with_steps(|index| index * index) > 8 * 4);
}

#[test]
fn points_that_wait_take_little_room() {
    let bytes = |value: fn(i64) -> f64| {
        let mut series = empty();
        for index in 0..1_000 {
            series.push(Point {
                value: value(index),
                step: Some(index * 10),
                time_us: Some(1_700_000_000_000_000 + index * 100_000 + index * index % 977),
                ..Point::default()
            });
        }
        plain::encode(&series, 0..1_000).len()
    };
    // Two bytes for the time and none for the step; head, columns and checksum have fewer than 120.
    let around = |bytes: usize| bytes..bytes + 120;
    assert!(around(10_000).contains(&bytes(|index| 1.0 / (3.0 + number(index)))));
    assert!(around(6_000).contains(&bytes(|index| 0.5 + number(index))));
    assert!(around(2_000).contains(&bytes(|_| 0.5)));
}

fn number(index: i64) -> f64 {
    f64::from(i32::try_from(index).unwrap())
}
