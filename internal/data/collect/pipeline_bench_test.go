package collect

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/stream"
)

// nowhere is a stream of facts that forgets them.
type nowhere struct{}

func (nowhere) Publish(context.Context, []stream.Message) error { return nil }

// everybody knows everybody.
type everybody struct{}

func (everybody) Generation(context.Context, store.Querier) (uint64, error) { return 1, nil }

func (everybody) Sighted(_ context.Context, _ *store.Tx, all []Sighting) ([]uint32, error) {
	out := make([]uint32, len(all))
	for i, s := range all {
		var n uint32
		_, _ = fmt.Sscanf(s.Keys[0].Value, "u%d", &n)
		out[i] = n + 1
	}
	return out, nil
}

// BenchmarkPipeline works off entries of 50 requests of one event, 16 of them at once, without people and stream.
func BenchmarkPipeline(b *testing.B) {
	db := storetest.Open(b)
	sources := NewSources(db, noSeal{}, time.Now)
	view, err := sources.Create(b.Context(), SourceDraft{Name: "bench", Kind: Server}, "bench")
	if err != nil {
		b.Fatal(err)
	}
	streams, err := stream.Open(b.Context(), stream.Config{Dir: filepath.Join(b.TempDir(), "stream")}, discard)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(streams.Close)
	log, err := streams.Log(b.Context(), stream.LogConfig{Name: LogName})
	if err != nil {
		b.Fatal(err)
	}
	desk := NewDesk(db, log, sources, time.Now, time.UTC)
	p := NewPipeline(PipelineConfig{Dir: filepath.Join(b.TempDir(), "seen"), Desk: desk, Log: log, Facts: nowhere{}, People: everybody{}, Logger: discard})
	if err := p.open(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = p.close(context.Background()) })
	const entries, requests = 16, 50
	n, seq := 0, uint64(0)
	names := []string{"Product Viewed", "Product Added", "Checkout Started", "Order Completed", "Coupon Shown"}
	batch := func() []stream.Entry {
		out := make([]stream.Entry, entries)
		for i := range out {
			envelopes := make([]*Envelope, requests)
			for j := range envelopes {
				n++
				body := fmt.Appendf(nil, `{"timestamp":"2026-03-05T04:00:00.000Z","integrations":{},"type":"track","event":"%s","userId":"u%08d","properties":{"product_id":"sku-%d","category":"护肤","price":59.5,"quantity":1,"currency":"CNY","channel":"app"},"context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"},"ip":"203.0.113.7"},"messageId":"node-next-%018d","_metadata":{"nodeVersion":"20.19.0","jsRuntime":"node"}}`,
					names[n%len(names)], n*7919%20000, 1000+n%100, n*982451653)
				envelopes[j] = &Envelope{Protocol: Segment, Source: view.ID, Path: "track", ReceivedAt: time.Now(), IP: "127.0.0.1", UserAgent: "analytics-node", Body: body}
			}
			seq++
			out[i] = stream.Entry{Seq: seq, At: time.Now(), Body: appendEntry(nil, envelopes)}
		}
		return out
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		all := batch()
		b.StartTimer()
		if err := p.workOff(b.Context(), all); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*entries*requests), "µs/event")
}
