use proptest::prelude::*;

use super::*;

const CODECS: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

#[test]
fn names_and_ids() {
    for codec in Codec::ALL {
        assert_eq!(Codec::from_id(codec.id()), Some(codec));
        assert_eq!(Codec::from_name(codec.name()), Some(codec));
    }
    assert_eq!(Codec::from_name("uncompressed"), Some(Codec::None));
    assert_eq!(Codec::from_name("brotli"), None);
    assert_eq!(Codec::from_id(5), None);
}

#[test]
fn output_is_limited() {
    let zeros = vec![0u8; 3 << 20];
    for codec in Codec::ALL {
        let packed = compress(codec.into(), &zeros);
        assert_eq!(
            decompress(codec, &packed, zeros.len()).unwrap().len(),
            zeros.len()
        );
        assert_eq!(
            decompress(codec, &packed, zeros.len() - 1),
            Err(CompressionError::TooLarge {
                codec,
                limit: zeros.len() - 1
            }),
        );
    }
}

#[test]
fn levels_are_taken() {
    let text: Vec<u8> = (0..20_000u32)
        .flat_map(|i| format!("line {} ", i * i % 977).into_bytes())
        .collect();
    for codec in [Codec::Gzip, Codec::Zstd, Codec::Lz4] {
        let size = |level| {
            compress(
                Compression {
                    codec,
                    level: Some(level),
                },
                &text,
            )
            .len()
        };
        let (high, low) = (if codec == Codec::Lz4 { 12 } else { 9 }, 1);
        assert!(
            size(high) < size(low),
            "{codec:?}: {} {}",
            size(high),
            size(low)
        );
    }
}

/// The default of lz4 stays the fast search; the levels around it try harder.
#[test]
fn lz4_levels() {
    let text: Vec<u8> = (0..20_000u32)
        .flat_map(|i| format!("line {} ", i * i % 977).into_bytes())
        .collect();
    let pack = |level: Option<i32>, data: &[u8]| {
        let codec = Codec::Lz4;
        compress(Compression { codec, level }, data)
    };
    let fast = pack(None, &text);
    assert_eq!(pack(Some(9), &text), fast);
    assert!(pack(Some(10), &text).len() < fast.len());
    for data in [
        &text[..],
        &[0; 200_000],
        b"",
        b"abcabcabcabc",
        b"abcdabcdabcdabcdabcd",
    ] {
        for level in 1..=17 {
            let packed = pack(Some(level), data);
            let back = decompress(Codec::Lz4, &packed, data.len());
            assert_eq!(back.as_deref(), Ok(data), "level {level}");
        }
    }
}

#[test]
fn nothing_is_not_a_stream() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        assert!(decompress(codec, &[], 100).is_err(), "{codec:?}");
    }
}

/// Streams made by other programs: gzip, snappy by hand, lz4 and zstd.
#[test]
fn foreign_streams() {
    // gzip of "konbini" in two members, stored blocks.
    let member = |text: &[u8], crc: u32| {
        let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1];
        out.extend_from_slice(&(text.len() as u16).to_le_bytes());
        out.extend_from_slice(&(!(text.len() as u16)).to_le_bytes());
        out.extend_from_slice(text);
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
        out
    };
    // CRC-32 of "a" and of "abc".
    let two = [member(b"a", 0xe8b7_be43), member(b"abc", 0x3524_41c2)].concat();
    assert_eq!(decompress(Codec::Gzip, &two, 100).unwrap(), b"aabc");

    // A raw snappy block: length 7, one literal of 7 bytes (tag (7-1)<<2).
    let raw = [&[7u8, 24][..], b"konbini"].concat();
    assert_eq!(decompress(Codec::Snappy, &raw, 100).unwrap(), b"konbini");
    // The same in xerial framing, twice.
    let mut framed = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for _ in 0..2 {
        framed.extend_from_slice(&(raw.len() as u32).to_be_bytes());
        framed.extend_from_slice(&raw);
    }
    assert_eq!(
        decompress(Codec::Snappy, &framed, 100).unwrap(),
        b"konbinikonbini"
    );
    assert!(decompress(Codec::Snappy, &framed[..framed.len() - 1], 100).is_err());

    // An lz4 frame: magic, FLG (v1, independent), BD (64 KiB), header checksum, a stored block,
    // end mark.
    let mut lz4 = vec![0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 7, 0, 0, 0x80];
    lz4.extend_from_slice(b"konbini");
    lz4.extend_from_slice(&[0; 4]);
    assert_eq!(decompress(Codec::Lz4, &lz4, 100).unwrap(), b"konbini");

    // A zstd frame: magic, single segment with one size byte, a last raw block of 7.
    let mut zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, 7, 0x39, 0, 0];
    zstd.extend_from_slice(b"konbini");
    assert_eq!(decompress(Codec::Zstd, &zstd, 100).unwrap(), b"konbini");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn round_trip(
        pieces in prop::collection::vec((any::<[u8; 3]>(), 1usize..200), 0..60),
        lz4_level in 1..=17,
    ) {
        let data: Vec<u8> = pieces.iter().flat_map(|(b, n)| b.repeat(*n)).collect();
        for codec in Codec::ALL {
            let packed = compress(codec.into(), &data);
            if data.is_empty() && codec == Codec::Snappy {
                continue; // only the framing header is left, which is no block
            }
            prop_assert_eq!(&decompress(codec, &packed, data.len()).unwrap(), &data, "{:?}", codec);
        }
        let lz4 = Compression { codec: Codec::Lz4, level: Some(lz4_level) };
        let packed = compress(lz4, &data);
        prop_assert_eq!(&decompress(Codec::Lz4, &packed, data.len()).unwrap(), &data);
    }

    #[test]
    fn damage_never_panics_or_overruns(
        data in prop::collection::vec(any::<u8>(), 0..3000),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        for codec in CODECS {
            let mut packed = compress(codec.into(), &data);
            let at = at.index(packed.len());
            packed[at] = to;
            packed.truncate(cut.index(packed.len()) + 1);
            if let Ok(out) = decompress(codec, &packed, 5000) {
                prop_assert!(out.len() <= 5000);
            }
        }
    }

    #[test]
    fn noise_never_panics(data in prop::collection::vec(any::<u8>(), 0..300)) {
        for codec in CODECS {
            if let Ok(out) = decompress(codec, &data, 5000) {
                prop_assert!(out.len() <= 5000);
            }
        }
    }
}

/// Text, numbers, noise and one long run, from a fixed generator.
fn samples() -> Vec<Vec<u8>> {
    let mut state = 1u32;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let text = (0..6000).flat_map(|_| format!("{{\"item\":{}}}\n", next() % 500).into_bytes());
    let text: Vec<u8> = text.collect();
    let numbers = (0..50_000u32)
        .flat_map(|i| (i.wrapping_mul(i) % 977).to_le_bytes())
        .collect();
    let noise = (0..30_000).map(|_| next() as u8).collect();
    vec![text, numbers, noise, vec![7; 200_000], b"short".to_vec()]
}

/// Compressed bytes are part of what a run stores and hashes: they must not depend on the host,
/// though the codecs choose other instructions on each.
#[test]
fn output_is_the_same_on_every_host() {
    let levels = [
        (Codec::Gzip, &[1, 6, 9][..]),
        (Codec::Snappy, &[0]),
        (Codec::Lz4, &[9]),
        (Codec::Zstd, &[-5, 1, 3, 9, 19]),
    ];
    let mut sums = Vec::new();
    for (codec, levels) in levels {
        let mut sum = 0u32;
        for (data, level) in samples()
            .iter()
            .flat_map(|d| levels.iter().map(move |l| (d, *l)))
        {
            let packed = compress(
                Compression {
                    codec,
                    level: Some(level),
                },
                data,
            );
            assert_eq!(decompress(codec, &packed, data.len()).as_ref(), Ok(data));
            sum = sum
                .wrapping_mul(31)
                .wrapping_add(crate::crc32c::crc32c(&packed));
        }
        sums.push(sum);
    }
    // As computed in wasm.
    assert_eq!(
        sums,
        [3_597_704_331, 2_652_315_596, 2_807_433_905, 2_427_476_440]
    );
}
