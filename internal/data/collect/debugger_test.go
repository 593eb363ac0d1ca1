package collect

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFeedOfAnotherProcess(t *testing.T) {
	here, there := newFeed(), &Desk{live: newFeed()}
	batch := make([]sighted, 3*relayMost)
	for i := range batch {
		ev := Event{
			Source: "src", Kind: Track, Name: fmt.Sprint("e", i), Keys: []Key{{KeyPhone, "13812345678"}}, At: noon, ReceivedAt: noon,
			Props: json.RawMessage(`{"a":1}`), Traits: []TraitOp{{Op: "set", Name: "name", Value: quoted("王")}},
		}
		batch[i] = sighted{event: &ev, fact: "event.x", status: Accepted, customer: 7}
	}
	here.add(batch)
	there.Relayed(relay(batch))
	there.Relayed([]byte("of another version"))
	if relay(nil) != nil {
		t.Error("nothing was told")
	}
	shown, _ := there.Live(t.Context(), LiveFilter{Key: "138123"}, 0)
	if len(shown) != relayMost {
		t.Fatalf("%d events", len(shown))
	}
	want, _, _ := here.after(LiveFilter{}, 0, 1)
	got, last := shown[len(shown)-1], want[0].shown()
	last.Seq = got.Seq
	if d := cmp.Diff(last, got); d != "" {
		t.Error(d)
	}
}
