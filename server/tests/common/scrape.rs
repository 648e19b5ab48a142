//! The metrics of a server, read as Prometheus reads them.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

/// A series: its name and its labels.
type Series = (String, BTreeMap<String, String>);

/// All series, with their values.
#[derive(Debug)]
pub(crate) struct Scrape {
    values: BTreeMap<Series, f64>,
    /// The kind of each metric, by the name in its description.
    pub(crate) kinds: BTreeMap<String, String>,
}

impl Scrape {
    /// The value of the only series that has this name and these labels.
    #[track_caller]
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let found: Vec<_> = self.matching(name, labels).collect();
        assert_eq!(found.len(), 1, "series {name} {labels:?}: {found:?}");
        *found[0].1
    }

    /// The sum of all series that have this name and these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.matching(name, labels).map(|(_, value)| value).sum()
    }

    fn matching<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = (&'a Series, &'a f64)> {
        let has = |series: &Series| {
            labels.iter().all(|(key, value)| series.1.get(*key).is_some_and(|it| it == value))
        };
        self.values.iter().filter(move |(series, _)| series.0 == name && has(series))
    }

    /// The names of all series.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.values.keys().map(|(name, _)| name.as_str()).collect()
    }

    /// The values that a label has in any series.
    pub(crate) fn label_values(&self, key: &str) -> BTreeSet<&str> {
        self.values.keys().filter_map(|(_, labels)| labels.get(key)).map(String::as_str).collect()
    }
}

impl FromStr for Scrape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut values, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').ok_or(line)?;
                assert_eq!(kinds.insert(name.to_owned(), kind.to_owned()), None, "{line}");
            }
            if line.starts_with('#') {
                continue;
            }
            let (series, value) = line.rsplit_once(' ').ok_or(line)?;
            let series = series_of(series).ok_or(line)?;
            let value = value.parse().map_err(|_| line)?;
            assert_eq!(values.insert(series, value), None, "twice: {line}");
        }
        Ok(Self { values, kinds })
    }
}

/// `name{key="value",…}`; no value here holds a quote or a comma.
fn series_of(text: &str) -> Option<Series> {
    let Some((name, labels)) = text.split_once('{') else {
        return Some((text.to_owned(), BTreeMap::new()));
    };
    let pairs = labels.strip_suffix('}')?.split(',').map(|pair| {
        let (key, value) = pair.split_once('=')?;
        Some((key.to_owned(), value.strip_prefix('"')?.strip_suffix('"')?.to_owned()))
    });
    Some((name.to_owned(), pairs.collect::<Option<_>>()?))
}
