//! Writes metrics of the kinds that there are here.

use std::{fmt, time::Duration};

use caffis_core::durations::{BOUNDS, Measured};
use prometheus_client::{
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::MetricType,
};

/// No exemplars are written.
const NO_EXEMPLAR: Option<&prometheus_client::metrics::exemplar::Exemplar<NoLabelSet, u64>> = None;

/// Writes one metric after the other. Names of counters get `_total` behind them.
pub(super) struct Writer<'a>(pub(super) DescriptorEncoder<'a>);

impl Writer<'_> {
    /// A counter.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter(&value, NO_EXEMPLAR)
    }

    /// A counter of time, in seconds.
    pub(super) fn seconds(&mut self, name: &str, help: &str, value: Duration) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter(&value.as_secs_f64(), NO_EXEMPLAR)
    }

    /// A counter for each value of some labels.
    pub(super) fn counters<const N: usize, L: AsRef<str>>(
        &mut self,
        (name, help): (&str, &str),
        keys: [&str; N],
        values: impl IntoIterator<Item = ([L; N], u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in values {
            let labels = labelled(keys, &labels);
            family.encode_family(&labels)?.encode_counter(&value, NO_EXEMPLAR)?;
        }
        Ok(())
    }

    /// A gauge.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    /// A gauge for each value of some labels.
    pub(super) fn gauges<const N: usize, L: AsRef<str>>(
        &mut self,
        (name, help): (&str, &str),
        keys: [&str; N],
        values: impl IntoIterator<Item = ([L; N], f64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in values {
            family.encode_family(&labelled(keys, &labels))?.encode_gauge(&value)?;
        }
        Ok(())
    }

    /// Durations, as a histogram in seconds.
    pub(super) fn times(&mut self, name: &str, help: &str, measured: Measured) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        let (sum, buckets) = (measured.sum.as_secs_f64(), buckets(&measured));
        metric.encode_histogram::<NoLabelSet>(sum, measured.count(), &buckets, None)
    }

    /// Durations for each value of a label.
    pub(super) fn times_by(
        &mut self,
        (name, help): (&str, &str),
        key: &str,
        values: impl IntoIterator<Item = (&'static str, Measured)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (label, measured) in values {
            let (sum, buckets) = (measured.sum.as_secs_f64(), buckets(&measured));
            let labels = [(key, label)];
            let mut metric = family.encode_family(&labels)?;
            metric.encode_histogram::<NoLabelSet>(sum, measured.count(), &buckets, None)?;
        }
        Ok(())
    }
}

fn labelled<'a, const N: usize, L: AsRef<str>>(
    keys: [&'a str; N],
    values: &'a [L; N],
) -> [(&'a str, &'a str); N] {
    std::array::from_fn(|at| (keys[at], values[at].as_ref()))
}

fn buckets(measured: &Measured) -> Vec<(f64, u64)> {
    let bounds = BOUNDS.iter().map(|bound| bound.as_secs_f64()).chain([f64::INFINITY]);
    bounds.zip(measured.buckets).collect()
}
