"""Who does what a run has to ask: this process, or workers elsewhere; neither models nor surveys are known here."""
