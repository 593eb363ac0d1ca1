package pricing

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// named is a name that a piece is known by.
type named struct {
	name  string
	piece int32
}

// scoper answers which pieces of a cart a scope holds, in time that grows with the scope and not with scope × cart.
type scoper struct {
	ready                bool
	products, categories []named // sorted by name
	in                   []bool
}

// pieces reports for each piece whether the scope holds it; nil is all. The answer is good until the next call.
func (s *scoper) pieces(pieces []piece, scope *Scope) []bool {
	included := len(scope.SKUs)+len(scope.Products)+len(scope.Categories) > 0
	if !included && len(scope.ExceptSKUs)+len(scope.ExceptProducts)+len(scope.ExceptCategories) == 0 {
		return nil
	}
	if !s.ready {
		s.prepare(pieces)
	}
	for i := range s.in {
		s.in[i] = !included
	}
	s.marks(pieces, scope.SKUs, scope.Products, scope.Categories, true)
	s.marks(pieces, scope.ExceptSKUs, scope.ExceptProducts, scope.ExceptCategories, false)
	return s.in
}

func (s *scoper) prepare(pieces []piece) {
	s.ready = true
	s.in = make([]bool, len(pieces))
	n := 0
	for i := range pieces {
		n += len(pieces[i].item.Categories)
	}
	all := make([]named, 0, len(pieces)+n)
	for i := range pieces {
		all = append(all, named{pieces[i].item.Product, int32(i)})
	}
	s.products = all[:len(pieces):len(pieces)]
	all = all[len(pieces):]
	for i := range pieces {
		for _, c := range pieces[i].item.Categories {
			all = append(all, named{c, int32(i)})
		}
	}
	s.categories = all
	byName := func(a, b named) int { return strings.Compare(a.name, b.name) }
	slices.SortFunc(s.products, byName)
	slices.SortFunc(s.categories, byName)
}

func (s *scoper) marks(pieces []piece, skus, products, categories []string, in bool) {
	for _, sku := range skus {
		if i, ok := slices.BinarySearchFunc(pieces, sku, func(p piece, sku string) int { return strings.Compare(p.sku, sku) }); ok {
			s.in[i] = in
		}
	}
	s.mark(s.products, products, in)
	s.mark(s.categories, categories, in)
}

func (s *scoper) mark(known []named, names []string, in bool) {
	for _, name := range names {
		i, ok := slices.BinarySearchFunc(known, name, func(k named, name string) int { return strings.Compare(k.name, name) })
		for ; ok && i < len(known) && known[i].name == name; i++ {
			s.in[known[i].piece] = in
		}
	}
}

// rated returns a rate of a price in ten-thousandths, half a fen up; the price ≤ MaxFen.
func rated(price, rate int64) int64 {
	hi, lo := bits.Mul64(uint64(price), uint64(rate))
	lo, carry := bits.Add64(lo, 5000, 0)
	q, _ := bits.Div64(hi+carry, lo, 10000)
	return int64(q)
}

// at names a field of a list.
func at(list string, i int, field string) string { return fmt.Sprintf("%s[%d].%s", list, i, field) }
