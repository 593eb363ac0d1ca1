package warehouse

// State is a snapshot of every customer, as columns indexed by customer number; all columns are Through+1 long and cell
// 0 is unused. Present tells people from holes. Class, Stage, Layer and Reason are places in the lists of codes, whose
// place 0 is always "".
type State struct {
	AsOf    int64 // microseconds UTC
	Present []bool

	R, F, M     []uint8 // scores 1–5; 0: no order in the window, so no score
	Class       []uint8
	RecencyDays []int32 // whole calendar days since the last order; -1: never ordered
	Frequency   []int32 // orders in the RFM window
	Monetary    []int64 // fen in the RFM window
	Stage       []uint8
	Layer       []uint8
	Reason      []uint16
	Warned      []uint8 // bits: signs of leaving, as the layer definition tells them
	Orders      []int32 // orders ever
	Spent       []int64 // fen ever
	LastOrder   []int64 // microseconds UTC; 0: never
	LastSeen    []int64 // last interaction, microseconds UTC; 0: never

	// Heat is the decayed score of interactions in tenths of a point; nil when nobody computed it.
	Heat []uint16

	Classes []string // "", "champion", …
	Stages  []string // "", "new", …
	Layers  []string // "", "vip", …
	Reasons []string // "", and the reason codes the layer definition gave
}

// NewState returns an empty state for customers 1…through.
func NewState(through uint32, asOf int64) *State {
	n := int(through) + 1
	return &State{
		AsOf: asOf, Present: make([]bool, n),
		R: make([]uint8, n), F: make([]uint8, n), M: make([]uint8, n), Class: make([]uint8, n),
		RecencyDays: make([]int32, n), Frequency: make([]int32, n), Monetary: make([]int64, n),
		Stage: make([]uint8, n), Layer: make([]uint8, n), Reason: make([]uint16, n), Warned: make([]uint8, n),
		Orders: make([]int32, n), Spent: make([]int64, n), LastOrder: make([]int64, n), LastSeen: make([]int64, n),
		Classes: []string{""}, Stages: []string{""}, Layers: []string{""}, Reasons: []string{""},
	}
}

// Through is the greatest customer number the state has a cell for.
func (s *State) Through() uint32 { return uint32(len(s.Present) - 1) }

// The columns by the width of their values, but for Present, Reason and Heat, and the lists of codes, in the order in which they
// are kept.
func (s *State) bytes() [7]*[]uint8 {
	return [...]*[]uint8{&s.R, &s.F, &s.M, &s.Class, &s.Stage, &s.Layer, &s.Warned}
}
func (s *State) ints() [3]*[]int32 { return [...]*[]int32{&s.RecencyDays, &s.Frequency, &s.Orders} }
func (s *State) wides() [4]*[]int64 {
	return [...]*[]int64{&s.Monetary, &s.Spent, &s.LastOrder, &s.LastSeen}
}
func (s *State) lists() [4]*[]string {
	return [...]*[]string{&s.Classes, &s.Stages, &s.Layers, &s.Reasons}
}

// grow adds cells of nobody.
func (s *State) grow(more int) {
	s.Present, s.Reason = append(s.Present, make([]bool, more)...), append(s.Reason, make([]uint16, more)...)
	for _, column := range s.bytes() {
		*column = append(*column, make([]uint8, more)...)
	}
	for _, column := range s.ints() {
		*column = append(*column, make([]int32, more)...)
	}
	for _, column := range s.wides() {
		*column = append(*column, make([]int64, more)...)
	}
	if s.Heat != nil {
		s.Heat = append(s.Heat, make([]uint16, more)...)
	}
}

// forget makes a cell nobody's.
func (s *State) forget(n uint32) {
	s.Present[n], s.Reason[n] = false, 0
	for _, column := range s.bytes() {
		(*column)[n] = 0
	}
	for _, column := range s.ints() {
		(*column)[n] = 0
	}
	for _, column := range s.wides() {
		(*column)[n] = 0
	}
	if s.Heat != nil {
		s.Heat[n] = 0
	}
}

// HeatOf is a customer's heat in tenths of a point; 0 when nobody computed it.
func (s *State) HeatOf(n uint32) uint16 {
	if int(n) >= len(s.Heat) {
		return 0
	}
	return s.Heat[n]
}
