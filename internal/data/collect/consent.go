package collect

// Asking says whether people are asked before the store's pages tell what they look at.
type Asking string

// Ways of asking.
const (
	AskFirst Asking = "ask" // nothing is told of a browser before its user said yes
	AskNever Asking = "on"  // it is told, unless the browser or its user says no
	TellNone Asking = "off" // nothing is told of anybody
)

// StoreTracking is how the store's pages tell what is looked at.
type StoreTracking struct {
	Asking Asking `json:"asking" enum:"ask,on,off" doc:"ask: nothing is told of a browser before its user said yes; on: it is, unless the browser or its user says no; off: nothing is told"`
}

// TrackingSetting is the name of StoreTracking among the settings.
const TrackingSetting = "store_tracking"

// DefaultTracking holds until somebody changes it.
func DefaultTracking() StoreTracking { return StoreTracking{Asking: AskNever} }
