package storefront

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"huoshui/internal/platform/errs"
)

// How long a page is shown as it was drawn: prices and stock are this old at most. While one caller draws it anew the others get
// what there is, unless that is older than late.
const (
	fresh = time.Second
	late  = 5 * time.Second
)

// Body is a page ready to be sent.
type Body struct {
	JSON []byte
	Gzip []byte // the same, compressed; nil for a page that holds what is a customer's alone
	ETag string // of JSON
}

// entry is a page as everybody in a layer sees it.
type entry struct {
	drawing sync.Mutex // held by who draws

	mu    sync.Mutex
	at    time.Time // when it was drawn
	shown *Shown    // nil before the first time
	body  Body
}

func (e *entry) read() (*Shown, Body, time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.shown, e.body, e.at
}

// cache holds the pages that people look at, by name and layer. Only pages that are shown get in, so it is as small as the store.
type cache struct {
	mu      sync.Mutex
	entries map[[2]string]*entry
}

func newCache() cache { return cache{entries: map[[2]string]*entry{}} }

func (c *cache) entry(name, layer string, make bool) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := [2]string{name, layer}
	e := c.entries[key]
	if e == nil && make {
		e = &entry{}
		c.entries[key] = e
	}
	return e
}

// forget makes every page be drawn anew.
func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = map[[2]string]*entry{}
}

// Page returns a page as a customer sees it, or a guest (0), ready to be sent; NotFound when nothing is shown there.
func (s *Service) Page(ctx context.Context, name string, customer uint32) (Body, error) {
	layer := ""
	if customer != 0 {
		layer = s.People.Layer(ctx, customer)
	}
	shown, body, err := s.shared(ctx, name, layer)
	if err != nil || customer == 0 {
		return body, err
	}
	mine, err := s.mine(ctx, s.DB, shown, customer)
	if err != nil || mine == nil {
		return body, err
	}
	text, err := json.Marshal(mine)
	if err != nil {
		return Body{}, fmt.Errorf("page: %w", err)
	}
	whole := make([]byte, 0, len(body.JSON)+len(text)+8)
	whole = append(whole, body.JSON[:len(body.JSON)-1]...)
	whole = append(append(append(whole, `,"mine":`...), text...), '}')
	return Body{JSON: whole, ETag: tag(whole)}, nil
}

// shared returns a page as everybody in a layer sees it.
func (s *Service) shared(ctx context.Context, name, layer string) (*Shown, Body, error) {
	if !pageName.MatchString(name) {
		return nil, Body{}, notFound(name)
	}
	e := s.cache.entry(name, layer, false)
	if e == nil {
		if _, err := liveVersion(ctx, s.DB, name, s.instant()); err != nil {
			return nil, Body{}, err
		}
		e = s.cache.entry(name, layer, true)
	}
	now := s.instant()
	shown, body, at := e.read()
	age := now.Sub(at)
	if shown != nil && age >= 0 && age < fresh {
		return shown, body, nil
	}
	if shown != nil && age >= 0 && age < late {
		if !e.drawing.TryLock() {
			return shown, body, nil
		}
	} else {
		e.drawing.Lock()
	}
	defer e.drawing.Unlock()
	if shown, body, at = e.read(); shown != nil && now.Sub(at) >= 0 && now.Sub(at) < fresh { // drawn while we waited
		return shown, body, nil
	}
	drawn, ready, err := s.render(ctx, name, layer, now)
	if errs.Is(err, errs.NotFound) {
		s.cache.forget()
	}
	if err != nil {
		return nil, Body{}, err
	}
	e.mu.Lock()
	e.at, e.shown, e.body = now, drawn, ready
	e.mu.Unlock()
	return drawn, ready, nil
}

// render draws a page and makes it ready to be sent.
func (s *Service) render(ctx context.Context, name, layer string, now time.Time) (*Shown, Body, error) {
	v, err := liveVersion(ctx, s.DB, name, now)
	if err != nil {
		return nil, Body{}, err
	}
	shown, err := s.draw(ctx, s.DB, &v, name, layer)
	if err != nil {
		return nil, Body{}, err
	}
	text, err := json.Marshal(shown)
	if err != nil {
		return nil, Body{}, fmt.Errorf("page: %w", err)
	}
	var small bytes.Buffer
	zip := gzip.NewWriter(&small)
	if _, err := zip.Write(text); err != nil {
		return nil, Body{}, fmt.Errorf("page: %w", err)
	}
	if err := zip.Close(); err != nil {
		return nil, Body{}, fmt.Errorf("page: %w", err)
	}
	return &shown, Body{JSON: text, Gzip: small.Bytes(), ETag: tag(text)}, nil
}

// tag names a text by what is in it.
func tag(text []byte) string {
	h := fnv.New64a()
	_, _ = h.Write(text) // never fails
	return fmt.Sprintf(`W/"%x-%x"`, len(text), h.Sum64())
}
