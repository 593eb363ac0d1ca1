package warehouse

import (
	"fmt"
	"strings"
	"sync"

	"huoshui/internal/platform/event"
)

// dict maps texts to codes, so that facts hold numbers. Code 0 is "". New codes are given by the writer and become
// visible when its transaction has committed.
type dict struct {
	mu    sync.RWMutex
	codes map[string]uint32
	texts []string
	named []uint32 // codes of texts that begin as names of events of customers' own do

	fresh map[string]uint32 // given in the open transaction; writer only
	order []string
}

func newDict() *dict {
	return &dict{codes: map[string]uint32{"": 0}, texts: []string{""}, fresh: map[string]uint32{}}
}

// take adds the next code as it was kept.
func (d *dict) take(code uint32, text string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if int(code) != len(d.texts) {
		return fmt.Errorf("warehouse dictionary: code %d where %d was due; rebuild the warehouse", code, len(d.texts))
	}
	d.add(text)
	return nil
}

// add gives a text the next code; callers hold the lock.
func (d *dict) add(text string) {
	code := uint32(len(d.texts))
	d.codes[text] = code
	d.texts = append(d.texts, text)
	if strings.HasPrefix(text, event.CustomPrefix) {
		d.named = append(d.named, code)
	}
}

// custom is the codes that names of events of customers' own have, and those of other texts that look like one.
func (d *dict) custom() []uint32 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.named[:len(d.named):len(d.named)]
}

// size is how many codes are given, that of "" among them.
func (d *dict) size() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.texts)
}

func (d *dict) code(text string) uint32 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if c, ok := d.codes[text]; ok {
		return c
	}
	return NoCode
}

func (d *dict) text(code uint32) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if int(code) < len(d.texts) {
		return d.texts[code]
	}
	return ""
}

// give returns the code of a text, a new one where needed; only the writer calls it, inside its transaction.
func (d *dict) give(text string) uint32 {
	if text == "" {
		return 0
	}
	if c, ok := d.codes[text]; ok { // the writer alone writes codes, so it may read them bare
		return c
	}
	if c, ok := d.fresh[text]; ok {
		return c
	}
	c := uint32(len(d.texts) + len(d.order))
	d.fresh[text] = c
	d.order = append(d.order, text)
	return c
}

// settle makes the fresh codes visible after the commit, or forgets them.
func (d *dict) settle(committed bool) {
	if committed && len(d.order) > 0 {
		d.mu.Lock()
		for _, text := range d.order {
			d.add(text)
		}
		d.mu.Unlock()
	}
	clear(d.fresh)
	d.order = d.order[:0]
}
