package collect

import (
	"fmt"
	"testing"

	"github.com/tidwall/gjson"

	"huoshui/internal/platform/event"
)

func TestColumnsHaveRoomForSoManyValues(t *testing.T) {
	dir := t.TempDir()
	s, err := openSeen(dir)
	if err != nil {
		t.Fatal(err)
	}
	fact := func(category string) []event.Fact {
		return []event.Fact{{Name: "event.x", Product: "p", Category: category, Channel: "店", Props: []byte(`{"a":1}`)}}
	}
	for i := range columnRoom["category"] {
		if s.columns.fit("src", fact(fmt.Sprint("c", i))) {
			t.Fatalf("no room for value %d", i)
		}
	}
	if err := s.commit(nil, 1, nil, noon); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if s, err = openSeen(dir); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.close() }()
	one := fact(`one "too" many`)
	if !s.columns.fit("src", one) || one[0].Category != "" || one[0].Product != "p" || gjson.GetBytes(one[0].Props, "category").Str != `one "too" many` || gjson.GetBytes(one[0].Props, "a").Int() != 1 {
		t.Errorf("%+v %s", one[0], one[0].Props)
	}
	if known := fact("c7"); s.columns.fit("src", known) || known[0].Category != "c7" {
		t.Error("a known value has no room")
	}
	if other := fact("new"); s.columns.fit("other", other) {
		t.Error("one source fills another's columns")
	}
	bare := []event.Fact{{Category: "x", Props: []byte(`{}`)}}
	if s.columns.fit("src", bare); string(bare[0].Props) != `{"category":"x"}` {
		t.Errorf("%s", bare[0].Props)
	}
}
