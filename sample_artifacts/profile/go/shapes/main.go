// Writes a recorded profile of a Go program the way other producers write theirs: what they call
// their values, the labels they add, what they tell of binaries.
//
//	shapes RECORDED parca|google|datadog|pyroscope OUT
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/google/pprof/profile"
)

var shapes = map[string]func(*profile.Profile){
	"parca": parca, "google": google, "datadog": datadog, "pyroscope": pyroscope,
}

func main() {
	recorded, err := os.Open(os.Args[1])
	check(err)
	p, err := profile.Parse(recorded)
	check(err)
	p.Sample = some(p.Sample, 60)
	for _, s := range p.Sample {
		s.Label, s.NumLabel, s.NumUnit = nil, nil, nil
	}
	shapes[os.Args[2]](p)
	p = p.Compact()
	check(p.CheckValid())
	var packed bytes.Buffer
	check(p.Write(&packed))
	check(os.WriteFile(os.Args[3], small(packed.Bytes()), 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// some takes so many samples from all over the list, whose first are the most frequent ones.
func some(samples []*profile.Sample, count int) (taken []*profile.Sample) {
	step := max(len(samples)/count, 1)
	for i := 0; i < len(samples); i += step {
		taken = append(taken, samples[i])
	}
	return taken
}

// small packs better than the package, which prefers speed.
func small(packed []byte) []byte {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	check(err)
	data, err := io.ReadAll(reader)
	check(err)
	var out bytes.Buffer
	writer, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	check(err)
	_, err = writer.Write(data)
	check(err)
	check(writer.Close())
	return out.Bytes()
}

func valueTypes(pairs ...string) (types []*profile.ValueType) {
	for i := 0; i < len(pairs); i += 2 {
		types = append(types, &profile.ValueType{Type: pairs[i], Unit: pairs[i+1]})
	}
	return types
}

// parca: one value, samples at 19 Hz; labels of the process and thread; addresses relative to the
// binary, which has a build id.
func parca(p *profile.Profile) {
	p.SampleType = valueTypes("samples", "count")
	p.PeriodType, p.Period = valueTypes("cpu", "nanoseconds")[0], 52631578
	for i, s := range p.Sample {
		s.Value = s.Value[:1]
		s.Label = map[string][]string{
			"comm": {"orders"}, "node": {"node-1"}, "pid": {"7"},
			"thread_id": {fmt.Sprint(7 + i%4)}, "thread_name": {[]string{"orders", "worker"}[i%2]},
		}
	}
	for _, l := range p.Location {
		l.Address -= l.Mapping.Start
	}
	for _, m := range p.Mapping {
		m.Start, m.Limit, m.Offset = 0, m.Limit-m.Start, 0
		m.HasFilenames, m.HasLineNumbers, m.HasInlineFrames = true, true, true
	}
}

// google: the wall profile of an agent, with frames to drop, and no labels.
func google(p *profile.Profile) {
	p.SampleType = valueTypes("sample", "count", "wall", "microseconds")
	p.PeriodType, p.Period = valueTypes("wall", "microseconds")[0], 10000
	for _, s := range p.Sample {
		s.Value = []int64{s.Value[0], s.Value[0] * 10000}
	}
	p.DropFrames = `runtime\..*|syscall\..*`
	p.KeepFrames = `runtime\.(mallocgc|gcBgMarkWorker)`
	for _, m := range p.Mapping {
		m.BuildID = ""
	}
}

// datadog: several values in one file, most of them zero in a sample; labels of the thread, the
// span and the endpoint, and the time of each sample; addresses and binaries are not told.
func datadog(p *profile.Profile) {
	p.SampleType = valueTypes("cpu-samples", "count", "cpu-time", "nanoseconds", "wall-time",
		"nanoseconds", "alloc-samples", "count", "alloc-space", "bytes", "heap-space", "bytes")
	p.PeriodType, p.Period = valueTypes("cpu-time", "nanoseconds")[0], 10000000
	for i, s := range p.Sample {
		cpu := s.Value
		s.Value = []int64{cpu[0], cpu[1], cpu[1] + int64(i)*1000, 0, 0, 0}
		if i%5 == 4 {
			s.Value = []int64{0, 0, 0, 2, 1024 * int64(i), 512}
		}
		s.Label = map[string][]string{
			"thread name": {[]string{"main", "worker-1", "worker-2"}[i%3]},
		}
		s.NumLabel = map[string][]int64{
			"thread id": {int64(1 + i%3)}, "thread native id": {int64(40 + i%3)},
			"end_timestamp_ns": {p.TimeNanos + int64(i)*10000000},
		}
		if i%2 == 0 {
			s.Label["trace endpoint"] = []string{"GET /order/{number}"}
			s.NumLabel["span id"] = []int64{8192 + int64(i)}
			s.NumLabel["local root span id"] = []int64{4096}
		}
	}
	for _, l := range p.Location {
		l.Address, l.Mapping = 0, nil
	}
	p.Mapping = nil
}

// pyroscope: what a query merged: one value, no labels, the number of what was asked as period.
func pyroscope(p *profile.Profile) {
	p.SampleType = valueTypes("cpu", "nanoseconds")
	p.DefaultSampleType = "cpu"
	for _, s := range p.Sample {
		s.Value = s.Value[1:]
	}
	for _, m := range p.Mapping {
		m.HasFunctions, m.File = true, "orders"
	}
	p.DurationNanos = 0
}
