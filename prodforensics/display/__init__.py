"""What a person sees: colours, static cards, tables and pictures, and the base of every widget.

The modules here draw values and know no room; a room brings the numbers.

=============  ==================================================================================
`theme`        the palette, for JupyterLab in light and dark and for a page of its own; `styled`
`cards`        HTML cards: facts about an evidence, findings, a picture with its caption
`tables`       frames as HTML tables; bytes, durations and counts written for people
`svg`          static pictures as SVG text: parts of a whole, icicle, lines, chain of boxes
`widget`       the base of the interactive views: questions from the page, answers from the kernel
=============  ==================================================================================

Every function returns a fragment without its style sheet; `theme.styled(fragment)` adds the sheet
once for a notebook output, and the HTML report puts `theme.STYLE` once in its head.
"""
