//! The bounded types hold their bounds however they are made.

use caffis_schema::{Blob, List, RoomId, Text, bounded::TooLong};
use postcard_schema::Schema as _;

#[test]
fn text_counts_bytes() {
    assert_eq!(Text::<4>::new("☕a").expect("four bytes").as_str(), "☕a");
    assert_eq!(Text::<4>::new("☕é"), Err(TooLong { size: 5, maximum: 4 }));
    assert_eq!(Text::<4>::new("").expect("empty").len(), 0);
}

#[test]
fn a_cut_falls_between_characters() {
    assert_eq!(Text::<4>::cut("☕é").as_str(), "☕");
    assert_eq!(Text::<2>::cut("☕").as_str(), "");
    assert_eq!(Text::<9>::cut("whole").as_str(), "whole");
    assert_eq!(List::<u8, 2>::cut(vec![1, 2, 3]).into_vec(), [1, 2]);
}

#[test]
fn lists_and_bytes_end_at_their_maximum() {
    assert_eq!(List::<u8, 2>::new(vec![1, 2]).expect("two").len(), 2);
    assert_eq!(List::<u8, 2>::new(vec![0; 3]), Err(TooLong { size: 3, maximum: 2 }));
    assert_eq!(Blob::<2>::new([0; 2]).expect("two").len(), 2);
    assert_eq!(Blob::<2>::new([0; 3]), Err(TooLong { size: 3, maximum: 2 }));
}

#[test]
fn json_is_held_to_the_same_bounds() {
    serde_json::from_str::<Text<2>>(r#""é""#).expect("two bytes");
    serde_json::from_str::<Text<2>>(r#""éa""#).expect_err("three bytes");
    serde_json::from_str::<List<u8, 2>>("[1,2]").expect("two items");
    serde_json::from_str::<List<u8, 2>>("[1,2,3]").expect_err("three items");
    let blob: Blob<3> = serde_json::from_str(r#""AAEC""#).expect("three bytes");
    assert_eq!(&*blob, [0, 1, 2]);
    serde_json::from_str::<Blob<2>>(r#""AAEC""#).expect_err("three bytes");
    serde_json::from_str::<Blob<3>>(r#""not base64""#).expect_err("not base64");
}

#[test]
fn the_schema_knows_the_bound() {
    assert_eq!(Text::<0>::SCHEMA.name, "Text:0");
    assert_eq!(Text::<32_000>::SCHEMA.name, "Text:32000");
    assert_eq!(List::<RoomId, 100>::SCHEMA.name, "List:100");
    assert_eq!(Blob::<9>::SCHEMA.name, "Blob:9");
}
